// Values as YAML source, in the style authors write: plain where it is safe, else in double quotes; short lists and maps on one line.

// Words that YAML 1.1 (which the server reads) takes for something else than text.
const RESERVED = new Set(["y", "n", "yes", "no", "on", "off", "true", "false", "null"]);
const PLAIN = /^[\p{L}_](?:[\p{L}\p{N}_.()（）/'，。？！、；：“”‘’《》… -]*[\p{L}\p{N}_.()（），。？！、；：”’》…])?$/u;
const UNSEEN = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/** A scalar. Never more than one line. */
export function scalar(value: string | number | boolean | null): string {
  if (value === null) return "null";
  if (typeof value !== "string") return String(value);
  if (PLAIN.test(value) && !RESERVED.has(value.toLowerCase())) return value;
  return JSON.stringify(value).replace(UNSEEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Anything on one line. */
export function inline(value: Plain): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${scalar(key)}: ${inline(inner)}`)
      .join(", ")}}`;
  }
  return scalar(value);
}

/** `key: value` at this indentation; a map gets a line for each of its keys when it stands in a block. */
export function pair(key: string, value: Plain, indent: number, flow: boolean): string {
  const isMap = value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0;
  if (flow || !isMap) return `${scalar(key)}: ${inline(value)}`;
  const inner = " ".repeat(indent + 2);
  return `${scalar(key)}:${Object.entries(value)
    .map(([name, part]) => `\n${inner}${scalar(name)}: ${inline(part)}`)
    .join("")}`;
}
