// The text of a script in CodeMirror: the one place where it lives. The canvas changes it through `replace`, so undo and redo go over both views.
import { autocompletion, type CompletionContext, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, redo, undo } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Detail } from "@/api/client";
import { offers, type Schema } from "./doc/complete";
import { difference } from "./doc/edit";

const LOOK = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "var(--ant-color-bg-container)", color: "var(--ant-color-text)" },
  ".cm-scroller": { fontFamily: 'ui-monospace, "Cascadia Mono", Menlo, "Noto Sans Mono CJK SC", monospace', lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ant-color-text)" },
  ".cm-cursor": { borderLeftColor: "var(--ant-color-text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": { backgroundColor: "var(--ant-color-primary-bg-hover) !important" },
  ".cm-gutters": { backgroundColor: "var(--ant-color-bg-layout)", color: "var(--ant-color-text-description)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--ant-color-fill-quaternary)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--ant-color-bg-elevated)", color: "var(--ant-color-text)", border: "1px solid var(--ant-color-border)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--ant-color-primary)", color: "var(--ant-color-text-light-solid)" },
});
const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--ant-color-primary-text)" },
  { tag: tags.comment, color: "var(--ant-color-text-description)", fontStyle: "italic" },
  { tag: tags.string, color: "var(--ant-color-success-text)" },
  { tag: [tags.keyword, tags.bool, tags.number, tags.atom], color: "var(--ant-color-warning-text-active)" },
  { tag: tags.meta, color: "var(--ant-color-text-description)" },
]);

export interface Editor {
  view: EditorView;
  text: () => string;
  /** Another text in its place, as one step of the history. */
  replace: (text: string) => void;
  /** Another document: without history. */
  load: (text: string) => void;
  undo: () => void;
  redo: () => void;
  jump: (line: number, column: number) => void;
  jumpTo: (offset: number) => void;
  mark: (problems: Detail[]) => void;
  offer: (schema: Schema) => void;
  lock: (locked: boolean) => void;
}

interface Wishes {
  label: string;
  onChange: (text: string) => void;
  onSave: () => void;
}

export function makeEditor(parent: HTMLElement, text: string, wishes: Wishes): Editor {
  let schema: Schema | null = null;
  const locking = new Compartment();
  const complete = (context: CompletionContext) => {
    if (schema === null) return null;
    const found = offers(schema, context.state.doc.toString(), context.pos);
    if (found.offers.length === 0 || (!context.explicit && found.from === context.pos)) return null;
    return {
      from: found.from,
      options: found.offers.map((one) => ({
        label: one.label,
        type: one.kind === "key" ? "property" : one.kind === "name" ? "variable" : "enum",
        detail: one.detail,
        apply: one.kind === "key" ? `${one.label}: ` : one.label,
      })),
      validFor: /^[^\s:,[\]{}]*$/,
    };
  };
  const state = (content: string) =>
    EditorState.create({
      doc: content,
      extensions: [
        lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(), highlightActiveLine(),
        highlightActiveLineGutter(), highlightSelectionMatches(), yaml(), syntaxHighlighting(COLOURS), LOOK, EditorView.lineWrapping,
        EditorState.tabSize.of(2),
        autocompletion({ override: [complete], activateOnTyping: true }),
        locking.of([]),
        EditorView.contentAttributes.of({ "aria-label": wishes.label, tabindex: "0" }),
        keymap.of([
          { key: "Mod-s", preventDefault: true, run: () => (wishes.onSave(), true) },
          ...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab,
        ]),
        EditorView.updateListener.of((update) => update.docChanged && wishes.onChange(update.state.doc.toString())),
      ],
    });
  const view = new EditorView({ parent, state: state(text) });
  const jumpTo = (offset: number) => {
    const at = Math.min(offset, view.state.doc.length);
    view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    view.focus();
  };
  return {
    view,
    text: () => view.state.doc.toString(),
    replace: (next) => {
      const cut = difference(view.state.doc.toString(), next);
      if (cut) view.dispatch({ changes: cut, userEvent: "input.canvas" });
    },
    load: (next) => {
      view.setState(state(next));
      wishes.onChange(next);
    },
    undo: () => void undo(view),
    redo: () => void redo(view),
    jump: (line, column) => {
      const there = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
      jumpTo(there.from + Math.max(0, Math.min(column - 1, there.length)));
    },
    jumpTo,
    mark: (problems) => view.dispatch(setDiagnostics(view.state, problems.flatMap((one) => diagnostic(view.state, one)))),
    offer: (known) => {
      schema = known;
    },
    lock: (locked) => view.dispatch({ effects: locking.reconfigure(locked ? [EditorState.readOnly.of(true)] : []) }),
  };
}

function diagnostic(state: EditorState, one: Detail): Diagnostic[] {
  if (one.line < 1 || one.line > state.doc.lines) return [];
  const line = state.doc.line(one.line);
  const from = Math.min(line.to, line.from + Math.max(0, one.column - 1));
  const severity = one.severity === "error" ? "error" : "warning";
  return [{ from, to: Math.max(from, line.to), severity, message: [one.message, one.hint].filter(Boolean).join("\n"), source: one.code }];
}
