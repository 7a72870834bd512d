"""Who is in the demo course."""

from dataclasses import dataclass

_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTRUCTOR = f"{_MEMBERSHIP}#Instructor"
LEARNER = f"{_MEMBERSHIP}#Learner"
ASSISTANT = f"{_MEMBERSHIP}/Instructor#TeachingAssistant"
SITE_ADMIN = "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"
_SCHOOL_ADMIN = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"


@dataclass(frozen=True)
class Person:
    """Ids are numeric texts, as Moodle's are. `roles` is what a launch says, `groups` a comma list of ids."""

    id: str
    given: str
    family: str
    roles: tuple[str, ...]
    groups: str = ""
    locale: str = "en"

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def email(self) -> str:
        return f"person{self.id}@school.example"

    @property
    def is_student(self) -> bool:
        return LEARNER in self.roles

    @property
    def is_enrolled(self) -> bool:
        """A site's administrator comes into any course, and is in no course's roster."""
        return SITE_ADMIN not in self.roles

    @property
    def role_in_words(self) -> str:
        words = {LEARNER: "student", ASSISTANT: "assistant", SITE_ADMIN: "administrator"}
        return next((words[role] for role in self.roles if role in words), "teacher")

    @property
    def roster_role(self) -> str:
        """Moodle lists everybody but an editing teacher as a learner (`Instructor` at launch, `Learner` in NRPS)."""
        return "Instructor" if self.roles == (INSTRUCTOR,) else "Learner"


_STUDENTS = (
    ("Ana", "García"),
    ("Ben", "Smith & Sons"),
    ("Chloé", "Dubois"),
    ("Dmitri", "Iwanow"),
    ("Eva", "Müller-Lüdenscheidt von und zu Hohenstein"),
    ("فاطمة", "الزهراء"),
    ("Grace", "O'Neill"),
    ("花", "佐藤"),
    ("Ivo", "Novák"),
    ("Jürgen", "Groß"),
    ("Kai", "Lindström"),
    ("Lina", "Øst"),
)

PEOPLE = {
    person.id: person
    for person in (
        Person("3", "Tara", "Teacher", (INSTRUCTOR,)),
        Person("4", "Toni", "Tutor", (INSTRUCTOR, ASSISTANT), groups="1"),
        Person("2", "Ada", "Admin", (_SCHOOL_ADMIN, INSTRUCTOR, SITE_ADMIN)),
        *(
            Person(str(6 + n), given, family, (LEARNER,), groups=str(1 + n % 2))
            for n, (given, family) in enumerate(_STUDENTS)
        ),
    )
}
STUDENTS = [person for person in PEOPLE.values() if person.is_student]
STAFF = [person for person in PEOPLE.values() if not person.is_student]
