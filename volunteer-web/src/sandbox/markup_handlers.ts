/**
 * Lets attributes such as `onclick` in markup do what they say, inside the window of a sandbox.
 *
 * The policy of the sandbox keeps the browser from running them, and must: where it lets it, it lets it in frames inside,
 * too, which are windows of their own in which peer connections are to be had. So this sets them as properties, which no
 * policy governs, with functions of this window. A browser itself takes a property back when its attribute is removed.
 *
 * An element gets its handlers at once when an attribute or markup is set by a method that is wrapped here, and in all
 * other cases (parts of templates and of other documents, clones) before the next task, or before the next event that is
 * sent by a script.
 */

import { handlerFunction, scriptOf } from "./handler_code.ts";

/** Handlers that an element of a body has on behalf of the window. */
const OF_WINDOW = new Set(["onblur", "onerror", "onfocus", "onload", "onresize", "onscroll"]);
/** Whether a text may be markup with handlers. */
const HAS_HANDLERS = /\bon[a-z]+\s*=/i;

// Taken before the function can replace them. An element of a form may have the name of a property of the form.
const { apply } = Reflect;
const { setTimeout } = globalThis;
const { getAttribute, getAttributeNames, querySelectorAll } = Element.prototype;
const documentOf = getterOf(Node.prototype, "ownerDocument");
const evaluate = globalThis.eval;

/** The handlers that elements may have, by the names of their attributes. */
const handlers = new Set<string>();
/** Texts of attributes that are set as properties. */
const done = new WeakMap<Element, Map<string, string>>();
let observer: MutationObserver;

/** Begins to look for handlers in the document, for as long as it exists. */
export function enableMarkupHandlers(): void {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!/^[A-Z]\w*Element$/.test(name)) continue;
    collectHandlers((globalThis as unknown as Record<string, { prototype: Element }>)[name].prototype);
  }
  for (const name of Object.getOwnPropertyNames(HTMLBodyElement.prototype)) {
    if (handlers.has(name)) OF_WINDOW.add(name);
  }
  observer = new MutationObserver(observed);
  watch(document);
  wrapAttributes();
  wrapMarkup();
  wrapEvents();
  addEventListener("click", followScript, { capture: true });
}

function collectHandlers(prototype: Element): void {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name.startsWith("on") && Object.getOwnPropertyDescriptor(prototype, name)?.set) handlers.add(name);
  }
}

function watch(root: Document | ShadowRoot): void {
  observer.observe(root, { subtree: true, childList: true, attributeFilter: [...handlers] });
  scan(root);
}

function observed(records: readonly MutationRecord[]): void {
  for (const { target, attributeName, addedNodes } of records) {
    if (attributeName !== null) look(target as Element, attributeName);
    for (const node of addedNodes) scan(node);
  }
}

/** Looks at a node and all below it. */
function scan(node: Node): void {
  if (node instanceof Element) lookAtAll(node);
  const below = node instanceof Element ? apply(querySelectorAll, node, ["*"]) : descendants(node);
  for (const element of below) lookAtAll(element);
}

function descendants(node: Node): Iterable<Element> {
  return node instanceof Document || node instanceof DocumentFragment ? node.querySelectorAll("*") : [];
}

function lookAtAll(element: Element): void {
  for (const name of apply(getAttributeNames, element, [])) if (handlers.has(name)) look(element, name);
  // Markup can bring them along.
  if (element.shadowRoot instanceof ShadowRoot) watch(element.shadowRoot);
}

/**
 * Sets a handler as its attribute says.
 *
 * @param anew whether the attribute has just been set: then it counts, whatever the property was set to before
 */
function look(element: Element, name: string, anew = false): void {
  // In a document without a window nothing runs, and markup is put there to be cleaned.
  if (!(name in element) || apply(documentOf, element, []) !== document) return;
  const code: string | null = apply(getAttribute, element, [name]);
  let texts = done.get(element);
  if (texts === undefined) done.set(element, texts = new Map());
  if (code === null) return void texts.delete(name);
  if (!anew && texts.get(name) === code) return;
  texts.set(name, code);
  (element as unknown as Record<string, unknown>)[name] = handler(element, name, code);
}

/** Returns a handler that is compiled when it is first needed, as browsers do it. */
function handler(element: Element, name: string, code: string): (...values: unknown[]) => unknown {
  const ofWindow = element instanceof HTMLBodyElement && OF_WINDOW.has(name);
  const parameters = ofWindow && name === "onerror"
    ? ["event", "source", "lineno", "colno", "error"]
    : ["event"];
  let compiled: ((...values: unknown[]) => unknown) | undefined;
  return function (this: unknown, ...values: unknown[]) {
    const scopes = () => {
      const { form } = element as { form?: unknown };
      return [document, ...(form instanceof HTMLFormElement ? [form] : []), element];
    };
    compiled ??= handlerFunction(code, parameters, ofWindow ? [] : scopes());
    return apply(compiled, this, values);
  };
}

function wrapAttributes(): void {
  const setByName = (element: Element, [name]: unknown[]) => {
    const lower = typeof name === "string" ? name.toLowerCase() : "";
    return handlers.has(lower) ? () => look(element, lower, true) : null;
  };
  const setAttr = (attribute: unknown) => {
    const { name, ownerElement } = attribute as Attr;
    if (ownerElement !== null && handlers.has(name)) look(ownerElement, name, true);
  };
  wrap(Element.prototype, "setAttribute", setByName);
  wrap(Element.prototype, "setAttributeNS", (element, [, name]) => setByName(element, [name]));
  for (const name of ["setAttributeNode", "setAttributeNodeNS"]) {
    wrap(Element.prototype, name, (_, [attribute]) => () => setAttr(attribute));
  }
  for (const name of ["setNamedItem", "setNamedItemNS"]) {
    wrap(NamedNodeMap.prototype, name, (_, [attribute]) => () => setAttr(attribute));
  }
  wrap(Attr.prototype, "value", (attribute) => () => setAttr(attribute));
}

function wrapMarkup(): void {
  const scanAfter = (root: (target: Node) => Node | null) => (target: Node, values: unknown[]) => {
    const markup = values.at(-1);
    if (typeof markup === "string" && !HAS_HANDLERS.test(markup)) return null;
    // Where it is now: `outerHTML` takes it away.
    const where = root(target);
    return () => where === null ? undefined : scan(where);
  };
  const itself = scanAfter((target) => target);
  const around = scanAfter((target) => target.parentNode ?? target);
  for (const prototype of [Element.prototype, ShadowRoot.prototype]) {
    for (const name of ["innerHTML", "setHTMLUnsafe"]) wrap(prototype, name, itself);
  }
  for (const name of ["outerHTML", "insertAdjacentHTML"]) wrap(Element.prototype, name, around);
  for (const name of ["write", "writeln"]) wrap(Document.prototype, name, scanAfter(() => document));
  wrap(Range.prototype, "createContextualFragment", () => (fragment) => scan(fragment as DocumentFragment));
  wrap(Element.prototype, "attachShadow", () => (root) => watch(root as ShadowRoot));
}

/** Events that a script sends come at once: before them, everything that is to have a handler gets it. */
function wrapEvents(): void {
  const settle = (target: unknown) => {
    observed(observer.takeRecords());
    // What is in no document is observed by nobody.
    for (let node = target; node instanceof Node && !node.isConnected; node = node.parentNode) {
      if (node instanceof Element) lookAtAll(node);
    }
    return null;
  };
  wrap(EventTarget.prototype, "dispatchEvent", settle);
  for (const name of ["click", "focus", "blur"]) wrap(HTMLElement.prototype, name, settle);
  for (const name of ["requestSubmit", "reset", "checkValidity", "reportValidity"]) {
    wrap(HTMLFormElement.prototype, name, settle);
  }
}

/** Runs the script of a link such as `<a href="javascript:show()">`, which the policy forbids the browser, too. */
function followScript(event: MouseEvent): void {
  if (event.button !== 0) return;
  const link = event.composedPath().find((node) =>
    node instanceof Element && node.matches("a[href], area[href]")
  );
  const script = link instanceof Element ? scriptOf(apply(getAttribute, link, ["href"]) ?? "") : null;
  if (script === null) return;
  // Once it is known whether a handler has prevented it.
  setTimeout(() => {
    if (!event.defaultPrevented) evaluate(script);
  });
}

/** What is done after a call, with what it returned; null if nothing is to be done. */
type Finish = ((result: unknown) => void) | null;

/**
 * Wraps a method, or the setter of a property, where the browser has it.
 *
 * @param begin called before it with `this` and what it is given
 */
function wrap<Target extends object>(
  prototype: Target,
  name: string,
  begin: (target: Target, values: unknown[]) => Finish,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  const kind = descriptor?.set === undefined ? "value" : "set";
  const native = descriptor?.[kind];
  if (typeof native !== "function") return;
  // A method, so that it is no constructor, as the native one is none.
  const wrapped = {
    [native.name](this: Target, ...values: unknown[]) {
      const finish = begin(this, values);
      const result = apply(native, this, values);
      finish?.(result);
      return result;
    },
  }[native.name];
  Object.defineProperty(wrapped, "length", { value: native.length, configurable: true });
  Object.defineProperty(prototype, name, { ...descriptor, [kind]: wrapped });
}

function getterOf(prototype: object, name: string): () => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)!.get!;
}
