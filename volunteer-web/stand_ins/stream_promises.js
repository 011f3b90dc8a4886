const { finished, pipeline } = require("stream");
const { promisify } = require("util");

exports.finished = promisify(finished);
exports.pipeline = promisify(pipeline);
