"""A real Moodle, by its own pages: signing in, registering a tool, adding, opening and copying activities.

Told by the environment: MOODLE_URL, and MOODLE_ADMIN, MOODLE_TEACHER, MOODLE_TUTOR, MOODLE_STUDENT and
MOODLE_OTHER_STUDENT as `name:password`. With MOODLE_SHOTS, a folder, pictures are kept there to look at.
MOODLE_CRON is a command that runs Moodle's ad hoc tasks, by which it copies courses and deletes activities:

    MOODLE_CRON="php /path/to/moodle/admin/cli/adhoc_task.php --execute"
"""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, Playwright, expect

from tests.e2e.browser import chromium

MOODLE = os.environ.get("MOODLE_URL", "").rstrip("/")
ADMIN = os.environ.get("MOODLE_ADMIN", "admin:Admin-1234!")
TEACHER = os.environ.get("MOODLE_TEACHER", "teacher:Pass-1234!")
TUTOR = os.environ.get("MOODLE_TUTOR", "tutor:Pass-1234!")
STUDENT = os.environ.get("MOODLE_STUDENT", "student01:Pass-1234!")
OTHER_STUDENT = os.environ.get("MOODLE_OTHER_STUDENT", "student02:Pass-1234!")
SHOTS = os.environ.get("MOODLE_SHOTS", "")
CRON = os.environ.get("MOODLE_CRON", "")
SLOW = 120_000  # ms: a Moodle that has just been installed builds its theme first
PATIENCE = 60_000  # ms, for all else: these runs share a machine with Moodle
ARRIVES_WITHIN = 60  # seconds, in Moodle's gradebook

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 780}

# Everybody's grade in one activity, from “All users” of Moodle's user report.
_READ = """title => [...document.querySelectorAll('.user-heading')].map(heading => {
  const cells = [...heading.nextElementSibling.querySelectorAll('.gradeitemheader')]
    .find(link => link.textContent.trim() === title).closest('tr')
  return [
    heading.querySelector('h2').textContent.trim(),
    cells.querySelector('.column-grade').innerText.split('\\n')[0].trim(),
    cells.querySelector('.column-feedback').innerText.trim(),
  ]
})"""

if MOODLE:
    expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Grade:
    """As Moodle shows it: points such as `87.50`, `-` where there are none."""

    points: str
    feedback: str


@contextmanager
def signed_in(playwright: Playwright, size: Mapping[str, int], account: str) -> Iterator[Page]:
    with computer(playwright, size) as context:
        yield sign_in(context, account)


@contextmanager
def computer(playwright: Playwright, size: Mapping[str, int] = DESKTOP) -> Iterator[BrowserContext]:
    """One in a computer room: people sign in to Moodle at it one after the other, by `change_to`."""
    with chromium(playwright, **size, flags=("--ignore-certificate-errors",)) as context:
        context.set_default_timeout(PATIENCE)
        yield context


def sign_in(context: BrowserContext, account: str) -> Page:
    name, _, password = account.partition(":")
    page = context.new_page()
    menu, refused = (
        page.locator("#user-menu-toggle"),
        page.get_by_role("alert").filter(has_text=re.compile("Invalid login|timed out")),
    )
    for _ in range(3):  # a busy Moodle may refuse its own form, or the session it began
        page.goto(f"{MOODLE}/login/index.php", wait_until="networkidle")  # its scripts move the focus when there
        page.locator("#username").fill(name)
        page.locator("#password").fill(password)
        page.locator("#loginbtn").click()
        expect(menu.or_(refused)).to_be_visible(timeout=SLOW)
        if menu.is_visible():
            break
    expect(menu).to_be_visible()
    return page


def change_to(context: BrowserContext, account: str) -> Page:
    """The next person at the same computer: who was there has signed out."""
    for page in context.pages[1:]:
        page.close()
    context.clear_cookies()
    return sign_in(context, account)


def students(count: int) -> list[str]:
    """The first of the accounts student01, student02…"""
    return [f"student{number:02}:{STUDENT.partition(':')[2]}" for number in range(1, count + 1)]


def name_of(page: Page) -> str:
    """Of who is signed in, as Moodle's own menu has it."""
    return str(page.locator("#user-menu-toggle .userinitials").get_attribute("title"))


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        width = page.evaluate("window.innerWidth")
        page.screenshot(path=f"{SHOTS}/moodle-{width}-{name}.png")


def shoot_narrow(page: Page, name: str) -> None:
    """As it is, and on a phone: a wide window goes back to its size."""
    shoot(page, name)
    if SHOTS:
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        page.wait_for_timeout(500)
        drawer = page.get_by_role("button", name="Close course index")
        if drawer.is_visible():  # it lies over the page there
            drawer.click()
            page.wait_for_timeout(500)
        shoot(page, name)
        page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})


@contextmanager
def full_window(page: Page, tool: FrameLocator) -> Iterator[Page]:
    with page.context.expect_page() as opened:
        tool.get_by_role("button", name="Full window").click()
    yield opened.value
    opened.value.close()


def open_activity(page: Page, activity: str) -> FrameLocator:
    """The tool's page in the activity's frame; `activity` is its course module id."""
    page.goto(f"{MOODLE}/mod/lti/view.php?id={activity}")
    frame = page.frame_locator("iframe#contentframe")
    frame.locator("body[data-role]").wait_for()
    return frame


def paste(admin: Page, address: str) -> FrameLocator:
    """Paste a registration address into Manage tools; the frame in which Moodle opens it."""
    admin.goto(f"{MOODLE}/mod/lti/toolconfigure.php", wait_until="networkidle")
    admin.locator("input[name=url]").fill(address)
    admin.get_by_role("button", name="Add LTI Advantage").click()
    return admin.frame_locator("#external-registration-container iframe, #external-registration-page-container iframe")


def register(admin: Page, address: str) -> None:
    """Register a tool that is not there yet, and activate it."""
    tool = paste(admin, address)
    expect(tool.get_by_role("heading", name="know each other")).to_be_visible(timeout=30_000)
    shoot(admin, "a1-registered")
    tool.get_by_role("button", name="Close").click()
    activate = card_of(admin).get_by_role("link", name="Activate")
    activate.click()
    expect(activate).to_be_hidden()
    shoot(admin, "a2-activated")


def update(admin: Page, address: str) -> None:
    """Register a tool again: Moodle asks whether the one of this domain is meant."""
    tool = paste(admin, address)
    tool.get_by_role("link", name="Update").or_(tool.get_by_role("button", name="Update")).first.click()
    expect(tool.get_by_text("It was in use before")).to_be_visible(timeout=30_000)
    shoot(admin, "f1-updated")
    tool.get_by_role("button", name="Close").click()
    expect(card_of(admin)).to_have_count(1)


def card_of(admin: Page) -> Locator:
    """The tool's card in Manage tools; another tool may have a name that only begins so."""
    return admin.locator(".tool-card").filter(has=admin.get_by_text("Reelmark", exact=True))


def switch_to_student(teacher: Page, course: str) -> None:
    """Moodle's own “Switch role to…”."""
    teacher.goto(
        f"{MOODLE}/course/switchrole.php?id={course}&switchrole=-1&returnurl=%2Fcourse%2Fview.php%3Fid%3D{course}"
    )
    teacher.get_by_role("button", name="Student", exact=True).click()


def switch_back(teacher: Page, course: str) -> None:
    teacher.goto(f"{MOODLE}/course/view.php?id={course}")
    teacher.locator("#user-menu-toggle").click()
    teacher.get_by_role("menuitem", name="Return to my normal role").click()


def show_in_chooser(teacher: Page, course: str) -> None:
    """Course > More > LTI External tools: switch the tool on."""
    teacher.goto(f"{MOODLE}/mod/lti/coursetools.php?id={course}", wait_until="networkidle")
    row = teacher.locator("tr").filter(has=teacher.get_by_text("Reelmark", exact=True))
    switch = row.locator("[data-action=showinactivitychooser-toggle]")
    if not switch.is_checked():
        switch.click(force=True)  # the picture of a switch covers it
        expect(switch).to_be_checked()


def select_content(teacher: Page, course: str) -> FrameLocator:
    """Add an activity or resource > Reelmark > Select content: the tool's page in Moodle's dialog."""
    open_activity_form(teacher, course)
    teacher.get_by_role("button", name="Select content").click()
    dialog = teacher.frame_locator("#contentitem-page-iframe")
    dialog.locator("body[data-role]").wait_for()
    return dialog


def open_to_edit(teacher: Page, address: str) -> None:
    """A page of Moodle's, with its “Edit mode” on."""
    teacher.goto(address, wait_until="networkidle")
    edit = teacher.locator("input[name=setmode]")
    if not edit.is_checked():
        with teacher.expect_navigation():
            edit.click(force=True)
        teacher.wait_for_load_state("networkidle")


def open_activity_form(teacher: Page, course: str) -> None:
    """Moodle 4.5: a button, and the tool in its dialog. 5.x: a plus with a menu, the tool in its dialog, and Add."""
    open_to_edit(teacher, f"{MOODLE}/course/view.php?id={course}")
    plus = teacher.locator("[data-action=open-addingcontent]:not([data-beforemod])")
    if plus.count():
        plus.first.click()
    teacher.locator("[data-action=open-chooser]:visible").first.click()
    tool = teacher.locator(".modchooser").get_by_role("menuitem", name="Reelmark").first
    tool.wait_for()
    add = teacher.locator("[data-action=add-selected-chooser-option]")
    chosen_first = add.count()
    tool.locator("[data-action=add-chooser-option]").click()
    if chosen_first:
        add.click()
    teacher.wait_for_url("**/modedit.php*")
    teacher.wait_for_load_state("networkidle")  # its scripts give the button something to do


def add_activity(teacher: Page, course: str, name: str) -> str:
    """Add an activity or resource > Reelmark, with a name and nothing selected; its course module id."""
    open_activity_form(teacher, course)
    teacher.locator("#id_name").fill(name)
    teacher.get_by_role("button", name="Save and return to course").click()
    teacher.wait_for_url("**/course/view.php*")
    return activity_named(teacher, course, name)


def activity_named(page: Page, course: str, name: str) -> str:
    """The course module id of an activity, newest of several."""
    page.goto(f"{MOODLE}/course/view.php?id={course}")
    links = page.locator("a.aalink", has_text=name)
    links.first.wait_for()
    return str(links.last.get_attribute("href")).rpartition("id=")[2]


def select_activity(teacher: Page, course: str, title: str, *, hold: bool = False) -> str:
    """By Select content, so that Moodle makes the column; its course module id."""
    dialog = select_content(teacher, course)
    dialog.get_by_label("Title").fill(title)
    if hold:
        dialog.get_by_label("Keep marks back until somebody releases them").check()
    dialog.get_by_role("button", name="Add to Moodle").click()
    teacher.locator("#contentitem-page-iframe").wait_for(state="hidden")
    expect(teacher.locator("#id_name")).to_have_value(title)
    teacher.get_by_role("button", name="Save and return to course").click()
    teacher.wait_for_url("**/course/view.php*")
    return activity_named(teacher, course, title)


def mark(teacher: Page, activity: str, marks: Mapping[str, float]) -> FrameLocator:
    """Down the column of the tool's list."""
    roster = open_activity(teacher, activity)
    for name, points in marks.items():
        field = roster.get_by_label(f"Mark of {name}", exact=True)
        field.fill(f"{points:g}")
        field.press("Enter")
        expect(row_of(roster, name).locator("[data-state]")).to_have_text("Saved")
    return roster


def row_of(page: FrameLocator, name: str) -> Locator:
    """Of a list of people in the tool."""
    return page.locator("tbody tr").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def hand_in(student: Page, activity: str, film: Path) -> str:
    """The receipt's number."""
    work = open_activity(student, activity)
    work.locator("input[type=file]").set_input_files(film)
    expect(work.get_by_role("heading", name="Check your video")).to_be_visible(timeout=SLOW)
    work.get_by_role("button", name="Submit video").click()
    work.get_by_role("button", name="Yes, submit").click()
    expect(work.get_by_role("heading", name="Your video is handed in")).to_be_visible(timeout=30_000)
    return work.locator(".receipt-number").inner_text()


def gradebook(teacher: Page, course: str, title: str) -> dict[str, Grade]:
    """What Moodle shows of every student in the activity of this title, by their name."""
    teacher.goto(f"{MOODLE}/grade/report/user/index.php?id={course}&userid=0")
    return {name: Grade(points, feedback) for name, points, feedback in teacher.evaluate(_READ, title)}


def in_gradebook(
    teacher: Page, course: str, title: str, right: Callable[[dict[str, Grade]], bool], *, within: int = ARRIVES_WITHIN
) -> dict[str, Grade]:
    """Look until it is as it should be: a worker posts in its own time."""
    shown: dict[str, Grade] = {}
    for _ in range(within):
        shown = gradebook(teacher, course, title)
        if shown and right(shown):  # else Moodle is counting anew
            return shown
        teacher.wait_for_timeout(1000)
    raise AssertionError(f"After {within} looks Moodle's gradebook shows {shown}")


def type_grade(teacher: Page, course: str, title: str, name: str, points: str) -> None:
    """By hand, in Moodle's grader report."""
    _grade_field(teacher, course, title, name).fill(points)
    with teacher.expect_navigation(wait_until="networkidle"):
        teacher.get_by_role("button", name="Save changes").click()
    field = teacher.get_by_label(f"{name} {title} grade", exact=True)
    expect(field).to_have_value(points)
    field.scroll_into_view_if_needed()


def stop_overriding(teacher: Page, course: str, title: str, name: str) -> None:
    """Untick “Overridden”, which Moodle ticks by itself when a grade is typed there."""
    cell = _grade_cell(teacher, course, title, name)
    teacher.goto(str(cell.get_by_label("Edit grade").get_attribute("href")))
    teacher.get_by_label("Overridden", exact=True).uncheck()
    teacher.get_by_role("button", name="Save changes").click()
    teacher.wait_for_url("**/grade/report/**")


def _grade_cell(teacher: Page, course: str, title: str, name: str) -> Locator:
    """Of the grader report, with everybody on one page; a locked one has no field."""
    open_to_edit(teacher, f"{MOODLE}/grade/report/grader/index.php?id={course}&perpage=5000")
    column = teacher.locator("th[data-itemid]").filter(has=teacher.get_by_text(title, exact=True))
    person = teacher.locator("tr.userrow").filter(has=teacher.get_by_role("link", name=name))
    return person.locator(f"td[data-itemid='{column.first.get_attribute('data-itemid')}']")


def _grade_field(teacher: Page, course: str, title: str, name: str) -> Locator:
    return _grade_cell(teacher, course, title, name).get_by_label(f"{name} {title} grade", exact=True)


# --- what else people do with an activity and its grades in Moodle ----------------------------------------------------
def form_of(teacher: Page, activity: str) -> None:
    """An activity's own form, unfolded."""
    teacher.goto(f"{MOODLE}/course/modedit.php?update={activity}&return=1", wait_until="networkidle")
    teacher.locator(".collapseexpand").first.click()


def save_form(teacher: Page) -> None:
    teacher.get_by_role("button", name="Save and display").click()
    teacher.wait_for_url("**/mod/lti/view.php*")


def rename(teacher: Page, activity: str, name: str) -> None:
    form_of(teacher, activity)
    teacher.locator("#id_name").fill(name)
    save_form(teacher)


def restrict_to_group(teacher: Page, activity: str, group: str) -> None:
    """Restrict access > Add restriction > Group."""
    form_of(teacher, activity)
    teacher.get_by_role("button", name="Add restriction...").click()
    teacher.locator("#availability_addrestriction_group").click()
    teacher.locator(".availability_group select").select_option(group)
    save_form(teacher)


def act_on(teacher: Page, course: str, activity: str, action: str) -> None:
    """One of an activity's menu in the course: cmDelete, cmDuplicate."""
    open_to_edit(teacher, f"{MOODLE}/course/view.php?id={course}")
    row = teacher.locator(f"li.activity[data-id='{activity}']")
    item = row.locator(f"[data-action={action}]")
    while not item.is_visible():  # the first press may come before Moodle's scripts
        row.locator(".cm_action_menu [aria-haspopup], .cm_action_menu .dropdown-toggle").first.click()
        teacher.wait_for_timeout(500)
    item.click()


def delete_activity(teacher: Page, course: str, activity: str) -> None:
    """With the recycle bin on, a task of Moodle's puts it there: `run_tasks`."""
    row = teacher.locator(f"li.activity[data-id='{activity}']")
    sure = teacher.locator(".modal.show [data-action=delete]")
    for _ in range(3):
        act_on(teacher, course, activity, "cmDelete")
        sure.wait_for()
        while sure.is_visible():  # the first press may come before Moodle's scripts
            sure.click()
            teacher.wait_for_timeout(1000)
        with suppress(AssertionError):  # or the dialog closes and nothing is deleted
            expect(row).to_have_count(0, timeout=PATIENCE / 3)
            break
    run_tasks()
    teacher.goto(f"{MOODLE}/course/view.php?id={course}", wait_until="networkidle")
    expect(row).to_have_count(0)


def restore_from_bin(teacher: Page, course: str, name: str) -> str:
    """More > Recycle bin > Restore; the course module id that it has now."""
    teacher.goto(f"{MOODLE}/course/view.php?id={course}", wait_until="networkidle")
    teacher.locator(".secondary-navigation").get_by_role("menuitem", name="More").click()
    teacher.get_by_role("menuitem", name="Recycle bin").click()
    teacher.wait_for_load_state("networkidle")
    teacher.locator("tr", has_text=name).get_by_title("Restore").click()
    teacher.wait_for_load_state("networkidle")
    return activity_named(teacher, course, name)


def run_tasks() -> None:
    """Moodle's ad hoc tasks, which cron runs elsewhere: it deletes and copies by them."""
    subprocess.run(shlex.split(CRON), check=True, capture_output=True)


def change_column(teacher: Page, course: str, title: str, action: str) -> None:
    """Gradebook setup > an item's menu: Lock, Unlock, Hide."""
    open_to_edit(teacher, f"{MOODLE}/grade/edit/tree/index.php?id={course}")
    link = teacher.locator("a.gradeitemheader").get_by_text(title, exact=True)
    row = teacher.locator("tr[data-itemid]").filter(has=link)
    row.get_by_role("button", name="Cell actions").click()
    with teacher.expect_navigation(wait_until="networkidle"):
        row.get_by_role("menuitem", name=action, exact=True).click()


def change_grade(teacher: Page, course: str, title: str, name: str, action: str) -> None:
    """Grader report > the menu of one student's grade: Lock, Unlock, Hide."""
    cell = _grade_cell(teacher, course, title, name)
    cell.get_by_role("button", name="Cell actions").click()
    with teacher.expect_navigation(wait_until="networkidle"):
        cell.get_by_role("menuitem", name=action, exact=True).click()


def reset_grades(teacher: Page, course: str) -> None:
    """Course reuse > Reset, of grades alone: nobody is unenrolled."""
    teacher.goto(f"{MOODLE}/course/reset.php?id={course}", wait_until="networkidle")
    teacher.get_by_role("button", name="Deselect all").click()
    teacher.wait_for_load_state("networkidle")
    teacher.locator("#id_reset_gradebook_grades").check()
    teacher.get_by_role("button", name="Reset course").click()
    teacher.locator(".modal.show").get_by_role("button", name="Reset course").click()
    expect(goes_on(teacher)).to_be_visible()


def share_email(admin: Page, tool: str, choice: str) -> None:
    """Manage tools > the pencil > Privacy: Never, Always."""
    admin.goto(f"{MOODLE}/mod/lti/toolconfigure.php", wait_until="networkidle")
    card = admin.locator(".tool-card").filter(has=admin.get_by_text(tool, exact=True))
    card.get_by_title("Edit").first.click()
    admin.wait_for_load_state("networkidle")
    emails = admin.locator("#id_lti_sendemailaddr")
    while not emails.is_visible():  # the first press may come before Moodle's scripts
        admin.locator(".collapseexpand").first.click()
        admin.wait_for_timeout(500)
    emails.select_option(choice)
    admin.get_by_role("button", name="Save changes").click()
    admin.wait_for_url("**/toolconfigure.php*")


def goes_on(page: Page) -> Locator:
    """Continue: a button on some of Moodle's pages, a link on others."""
    return (
        page.locator("#region-main")
        .get_by_role("button", name="Continue")
        .or_(page.locator("#region-main").get_by_role("link", name="Continue"))
    )


def backup(teacher: Page, course: str) -> None:
    """Of a course, in one step."""
    teacher.goto(f"{MOODLE}/backup/backup.php?id={course}", wait_until="networkidle")
    teacher.get_by_role("button", name="Jump to final step").click()
    goes_on(teacher).click(timeout=SLOW)
    teacher.wait_for_load_state("networkidle")


def restore_backup(teacher: Page, course: str, name: str) -> str:
    """One activity out of the course's newest backup, into the same course; its new course module id."""
    teacher.goto(f"{MOODLE}/course/view.php?id={course}", wait_until="networkidle")
    context = str(teacher.locator("body").get_attribute("class")).partition("context-")[2].partition(" ")[0]
    teacher.goto(f"{MOODLE}/backup/restorefile.php?contextid={context}", wait_until="networkidle")
    teacher.get_by_role("link", name="Restore", exact=True).first.click()
    goes_on(teacher).click()
    merging = teacher.locator(".bcs-current-course")
    merging.get_by_role("button", name="Continue").click()
    teacher.get_by_role("button", name="Next").click()  # settings
    for link in teacher.get_by_role("link", name="None", exact=True).all():  # schema: of everything, of users' data
        link.click()
    chosen = teacher.locator(".grouped_settings.activity_level").filter(has_text=name).first
    section = teacher.locator(".grouped_settings.section_level").first
    for part in (section, chosen):
        for box in part.locator("input[type=checkbox]").all():
            box.check()
    teacher.get_by_role("button", name="Next").click()
    teacher.get_by_role("button", name="Perform restore").click()
    goes_on(teacher).click(timeout=SLOW)
    return activity_named(teacher, course, name)


def column_maximum(teacher: Page, course: str, title: str) -> float:
    """As Gradebook setup shows it."""
    teacher.goto(f"{MOODLE}/grade/edit/tree/index.php?id={course}", wait_until="networkidle")
    link = teacher.locator("a.gradeitemheader").get_by_text(title, exact=True)
    row = teacher.locator("tr[data-itemid]").filter(has=link)
    row.scroll_into_view_if_needed()
    return float(str(row.get_attribute("data-grademax")))


def members_of(teacher: Page, course: str, group: str = "") -> list[str]:
    """The students of a group, or of the course, by the list of participants."""
    teacher.goto(f"{MOODLE}/user/index.php?id={course}&perpage=5000", wait_until="networkidle")
    rows = teacher.locator("#participants tbody tr").filter(has_text="Student").filter(has_text=group)
    # Before the name, initials stand for a picture.
    return list(rows.locator("th a").evaluate_all("links => links.map(a => a.lastChild.textContent.trim())"))
