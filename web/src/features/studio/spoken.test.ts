import { describe, expect, it } from "vitest";
import { type Event, NOTHING, take, type View } from "./spoken";

const after = (...events: Event[]): View => events.reduce(take, NOTHING);
const saying = (text: string): Event => ({ what: "saying", text });
const robot = (text: string, cut = false): Event => ({ what: "robot", text, source: "node:ask/say/0", cut });
const caller = (text: string): Event => ({ what: "caller", text, early: false });
const decision = (kind: string, data = {}): Event => ({ what: "decision", kind, data });

describe("a conversation by microphone", () => {
  it("begins with the robot, whose sentence is marked as long as it is heard", () => {
    const now = after({ what: "connected" }, decision("entered"), saying("Hello."));
    expect(now.connected).toBe(true);
    expect(now.steps).toHaveLength(1);
    expect(now.steps[0]).toMatchObject({ caller: null, turn: { said: [{ text: "Hello.", speaking: true }], decisions: [{ kind: "entered" }] } });
    expect(take(now, robot("Hello.")).steps[0]!.turn.said).toEqual([{ text: "Hello.", source: "node:ask/say/0", node: "", cut: false }]);
  });

  it("shows words while they are spoken, then as a step with how they were heard", () => {
    const speaking = after(saying("Well?"), robot("Well?"), { what: "partial", text: "yes th" });
    expect(speaking.hearing).toBe("yes th");
    const said = [decision("recognised", { score: 0.9 }), caller("yes that works"), decision("understood"), saying("Good.")].reduce(take, speaking);
    expect(said.hearing).toBe("");
    expect(said.steps.map((step) => step.caller)).toEqual([null, "yes that works"]);
    expect(said.steps[1]!.turn.decisions.map((one) => one.kind)).toEqual(["recognised", "understood"]);
    expect(said.steps[1]!.turn.said[0]!.text).toBe("Good.");
  });

  it("tells of words that were taken before they were over how they were heard, once that is known", () => {
    const now = after({ what: "caller", text: "yes", early: true }, decision("understood"), decision("recognised", { text: "yes" }), decision("recognised"));
    expect(now.steps[0]!.turn.decisions.map((one) => one.kind)).toEqual(["recognised", "understood"]);
    expect(now.heard).toHaveLength(1);
  });

  it("marks the sentence that was cut off, though the caller's step has begun", () => {
    const now = after(saying("A long one."), caller("stop"), robot("A long one.", true));
    expect(now.steps[0]!.turn.said).toMatchObject([{ text: "A long one.", cut: true }]);
    expect(now.steps[0]!.turn.said[0]!.speaking).toBeUndefined();
    expect(now.steps[1]!.turn.said).toEqual([]);
  });

  it("tells keys, silence, what would be done, and where it stands", () => {
    const stand = { node: "ok", grade: "A", grade_title: "confirmed", reason: "", slots: {}, tags: ["confirmed"] };
    const now = after({ what: "key", text: "1" }, { what: "silence", text: "" }, { what: "act", kind: "sms", text: "t1" }, { what: "stand", ...stand });
    expect(now.steps.map((step) => step.how)).toEqual(["key", "silence"]);
    expect(now.steps[1]!.turn.acts).toEqual([{ kind: "sms", text: "t1" }]);
    expect(now.stand).toEqual(stand);
  });

  it("is silent when it is over", () => {
    const now = after(saying("Hello."), { what: "partial", text: "ye" }, { what: "over", why: "left", end: "hangup" });
    expect(now.over).toEqual({ why: "left", end: "hangup" });
    expect(now.hearing).toBe("");
    expect(now.steps[0]!.turn.said[0]!.speaking).toBeUndefined();
  });
});
