import { expect, test } from "vitest";
import { quoted } from "../src/registration";

test.each([
  ["https://moodle.example/mod/lti/certs.php", "https://moodle.example/mod/lti/certs.php"],
  [" 1 ", "1"],
  ["", "…"],
  ["Moodle of Our School", "'Moodle of Our School'"],
  ["Ann's $(rm)", "'Ann'\\''s $(rm)'"],
])("%j is safe in a shell as %s", (typed, shown) => {
  expect(quoted(typed)).toBe(shown);
});
