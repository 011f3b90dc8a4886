import assert from "node:assert/strict";
import { canCallBack, type FunctionKind, kindOf } from "../../src/worker/signature.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
const evaluated = (text: string) => (0, eval)(`(${text})`) as Any;

const kinds: [text: string, kind: FunctionKind][] = [
  ["parseInt", "built-in"],
  ["Math.max", "built-in"],
  ["JSON.stringify", "built-in"],
  ["String.prototype.at", "built-in"],
  ["Object.getOwnPropertyDescriptor(Map.prototype, 'size').get", "built-in"],
  ["parseInt.bind(null)", "ordinary"],
  ["((x, cb) => cb(null, x)).bind(null)", "ordinary"],
  ["new Proxy((x, cb) => cb(null, x), {})", "ordinary"],
  ["x => x", "ordinary"],
  ["async (x) => x", "ordinary"],
  ["{ class(x, cb) {} }.class", "ordinary"],
  ["{ class (x, cb) {} }.class", "ordinary"],
  ["function classy() {}", "ordinary"],
  ["Object.assign(() => 1, { toString: () => 'class A {}' })", "ordinary"],
  ["class {}", "class"],
  ["class A { constructor(x, cb) {} }", "class"],
  ["class extends Map {}", "class"],
  ["function* () {}", "generator"],
  ["async function* (x, cb) {}", "generator"],
  ["{ *f(x) {} }.f", "generator"],
];
for (const [text, kind] of kinds) {
  Deno.test(`${text} is ${kind}`, () => assert.equal(kindOf(evaluated(text)), kind));
}

const callers: [text: string, can: boolean][] = [
  ["(x, i) => x * x", false],
  ["async (x, i) => x * x", false],
  ["async(x,i)=>{ return x }", false],
  ["function (x, cb) { return x }", false],
  ["async function named(x, $) { return '#' + x }", false],
  ["{ '/pando/1.0.0'(x, cb) { return x } }['/pando/1.0.0']", false],
  ["{ async f(x, cb) { return x } }.f", false],
  ["(x, cb, more = 1) => x", false],
  ["(x, cb) => x.cbs", false],
  ["parseInt", false],
  ["(x, cb) => cb(null, x)", true],
  ["(x, cb) => x.then(cb)", true],
  ["(x, cb, more = cb) => more(null, x)", true],
  ["function (x, cb) { arguments[1](null, x) }", true],
  ["function (x, cb) { eval(x) }", true],
  ["(x, $cb) => $cb(null, x)", true],
  // Of these nothing is said: their heads are not plain.
  ["({ length }, cb) => length", true],
  ["(x, { call }) => call(null, null, x)", true],
  ["(x, rückruf) => rückruf(null, x)", true],
  ["{ ['a'](x, cb) { cb(null, x) } }.a", true],
  ["((x, cb) => x).bind(null)", true],
  ["(x /* (a, b) */, cb) => cb(null, x)", true],
  ["function /* (a, b) */ f(x, cb) { cb(null, x) }", true],
];
for (const [text, can] of callers) {
  Deno.test(`${text} ${can ? "may call back" : "cannot call back"}`, () => {
    assert.equal(canCallBack(evaluated(text)), can);
  });
}
