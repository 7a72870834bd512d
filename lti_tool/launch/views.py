"""The three addresses a platform knows: login initiation, launch, key set."""

import re
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

import structlog
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.security import allow_form_to, allow_frames
from config.views import problem
from lti_tool import access, keys, registered
from lti_tool.errors import LaunchRefused
from lti_tool.launch import handover, oidc, sync
from lti_tool.launch import id_token as launches
from lti_tool.roles import Role

log = structlog.get_logger(__name__)
View = Callable[[HttpRequest], HttpResponseBase]


def _explain_refusals(view: View) -> View:
    @wraps(view)
    def explained(request: HttpRequest) -> HttpResponseBase:
        try:
            return view(request)
        except LaunchRefused as refused:
            log.warning("launch_refused", step=view.__name__, reason=refused.reason)
            response = problem(
                request,
                status=refused.status,
                title="This activity could not be opened",
                what=refused.what,
                next_step=refused.next_step,
                technical=refused.reason,
                again=refused.again,
            )
            if refused.retry_after is not None:
                response["Retry-After"] = str(refused.retry_after)
            return response

    return explained


def _method_not_allowed(request: HttpRequest) -> HttpResponse:
    response = problem(
        request,
        status=405,
        title="Open this activity from Moodle",
        what="This address is for Moodle's own use, so there is nothing to see here.",
        next_step="Go to your course and open the activity there.",
    )
    response["Allow"] = "POST"
    return response


@csrf_exempt  # its origin is the LMS; what protects it is that it gives nothing but a state
@never_cache
@require_http_methods(["GET", "POST"])
@_explain_refusals
def login(request: HttpRequest) -> HttpResponseBase:
    """Login initiation. Answered by a 302, so that Moodle's own Lax session cookie goes along.

    What is too long for an address goes on as a form, as OIDC core 3.1.2.1 lets it.
    """
    begun = oidc.begin_login(request.POST if request.method == "POST" else request.GET)
    address = begun.address
    response = HttpResponseRedirect(address) if address else _as_form(request, begun)
    oidc.remember(request, response, begun)
    return response


def _as_form(request: HttpRequest, begun: oidc.Login) -> HttpResponse:
    page = render(request, "lti/forward.html", {"login": begun})
    addresses = [begun.platform.issuer, begun.platform.authorization_url]
    return allow_form_to(allow_frames(page, addresses), begun.platform.authorization_url)


@csrf_exempt  # its origin is the LMS; state, nonce and signature protect it
@never_cache
@_explain_refusals
def launch(request: HttpRequest) -> HttpResponseBase:
    """The id_token comes in; the browser leaves to the launch's own page with the launch's own cookie."""
    if request.method != "POST":
        return _method_not_allowed(request)
    verified, state = launches.verify(request)
    if verified.selection is not None and verified.role not in Role.editors():
        raise _only_teachers_choose()
    try:
        with transaction.atomic():
            oidc.use_up(state.nonce)
            session, secret = sync.record(verified, state.registration)
    except IntegrityError as error:
        registered.forget()
        raise LaunchRefused("The platform or deployment of this launch was removed here a moment ago.") from error
    response = HttpResponseRedirect(session.start)
    access.admit(response, session, secret)
    oidc.forget(request, response, state.cookie_name)
    platform = str(state.platform.pk)
    log.info("launched", launch=str(session.pk), platform=platform, role=session.role, message=verified.message_type)
    return response


def _only_teachers_choose() -> LaunchRefused:
    return LaunchRefused(
        "A Deep Linking launch came without a teacher's or administrator's role.",
        what="Only teachers can add assignments to a course.",
        next_step="Ask a teacher of this course to add it.",
        status=403,
    )


@access.launch_required()
@require_POST
def window_ticket(request: access.LaunchRequest) -> HttpResponse:
    """For the page's script: where to open this launch in a whole window, within a minute and once."""
    query = urlencode({"ticket": handover.ticket(request.launch)})
    return JsonResponse({"url": f"{reverse('lti:window')}?{query}"})


@access.launch_required()
@require_POST
def leave(request: access.LaunchRequest) -> HttpResponse:
    """End this launch, in every window it was opened in. The page that says so needs no session."""
    request.launch.end()
    response = render(request, "lti/left.html", {"launch": request.launch})
    access.dismiss(response, request.launch)
    return response


@never_cache
@require_safe
@_explain_refusals
def window(request: HttpRequest) -> HttpResponseBase:
    """A ticket comes in; the whole window goes on to its own page with its own cookie."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        # Our own page opens it. A link on another site would put somebody into a stranger's session.
        raise LaunchRefused("The window was opened from another site.")
    session, secret = handover.redeem(request.GET.get("ticket", ""))
    response = HttpResponseRedirect(session.path + _place(request.GET.get("to", "")))
    access.admit(response, session, secret)
    return response


def _place(to: str) -> str:
    """The rest of an address below a launch; nothing for what could lead elsewhere."""
    return to if re.fullmatch(r"([\w-]+/)*(\?[\w=&%+.-]*)?", to) else ""


@require_safe
@cache_control(public=True, max_age=300)
def jwks(request: HttpRequest) -> JsonResponse:
    return JsonResponse(keys.key_set())
