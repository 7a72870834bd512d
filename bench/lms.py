"""The demo's LMS with a thousand more students: `python -m bench.lms` takes what `python -m demo.lms` takes."""

import runpy

from demo.lms import people

MORE = 1000
FIRST = 1000

people.PEOPLE.update(
    {str(sub): people.Person(str(sub), "Student", str(sub), (people.LEARNER,)) for sub in range(FIRST, FIRST + MORE)}
)

if __name__ == "__main__":
    runpy.run_module("demo.lms", run_name="__main__")
