"""No more e-mails of a kind, or again: by the signed address in each of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config.views import problem
from video.mail import preferences
from video.mail.languages import language_of


@csrf_exempt  # nothing of the browser's is used: the address alone allows it, and mail programs post by themselves
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """GET shows what holds, and changes nothing: mail filters open every link. POST is an answer, never a redirect.

    A POST switches off (RFC 8058: `List-Unsubscribe=One-Click`), unless the page's own form says `wanted=on`.
    """
    choice = preferences.read(request.GET.get(preferences.PARAMETER, ""))
    if choice is None:
        return problem(
            request,
            status=404,
            title="This address is not complete",
            what="It is not one that an e-mail of ours has, or a part of it was lost. Nothing was changed.",
            next_step="Open the link in the e-mail again, or copy the whole of it.",
        )
    changed = request.method == "POST"
    off = request.POST.get("wanted") != "on" if changed else choice.off
    if changed:
        choice.switch(off=off)
    language = language_of(choice.person)
    context = {"choice": choice, "off": off, "language": language, "changed": changed}
    with override(language):
        response = render(request, "video/mail/preferences.html", context)
    response["Referrer-Policy"] = "no-referrer"  # the address is a key
    response["X-Robots-Tag"] = "noindex"
    return response
