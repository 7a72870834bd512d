import { RubricEditor } from "./rubrics/rubric-editor";

for (const place of document.querySelectorAll<HTMLElement>("[data-rubric-editor]")) new RubricEditor(place);
