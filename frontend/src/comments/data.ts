/** A comment or reply as the server says it (`threads.Shown`); a reply's times are null. */
export interface Comment {
  id: string;
  at: number | null;
  until: number | null;
  text: string;
  author: string;
  own: boolean;
  edited: boolean;
  may_edit: boolean;
  may_delete: boolean;
  may_reply: boolean;
  /** Its student does not see it as it is: the mark was released before. */
  waits?: boolean;
  replies: Comment[];
}

export interface BankEntry {
  id: string;
  key: number | null;
  text: string;
  criterion: string;
  points: string | null;
}

export interface Criterion {
  id: string;
  title: string;
  /** The most that it gives. */
  points: string;
}

/** What the page begins with (`comment_panel.CommentPanel.config`). */
export interface Config {
  url: string;
  base: string;
  bankUrl: string;
  attempt: string;
  person: string;
  author: string;
  duration: number | null;
  comments: Comment[];
  bank: BankEntry[];
  criteria: Criterion[];
}

/** What a marker said in this browser, whether the server has it yet or not. */
export interface Unsent {
  id: string;
  kind: "new" | "edit" | "reply";
  /** Of a reply: what it answers. */
  to: string;
  at: number | null;
  until: number | null;
  text: string;
}

export function newId(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  // That needs https all the way up the frames; this does not.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}

export function find<T extends Element = HTMLElement>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`the page lacks ${selector}`);
  return found;
}

/** A copy of what is in a `<template>`. */
export function copyOf<T extends HTMLElement>(root: ParentNode, selector: string): T {
  const template = find<HTMLTemplateElement>(root, selector);
  return document.importNode(template.content, true).firstElementChild as T;
}
