Object.assign(exports, require("querystring-es3"), {
  escape: encodeURIComponent,
  unescape: decodeURIComponent,
});
