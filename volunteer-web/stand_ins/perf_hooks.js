exports.performance = globalThis.performance;
