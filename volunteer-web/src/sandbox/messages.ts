/** What the page and the sandboxed frame say to each other. */

/** Page → frame, with a port for the worker, and one for what the worker says. */
export type StartWorker = { readonly pando: "start"; readonly worker: number };
export type EndWorker = { readonly pando: "end"; readonly worker: number };
/** Page → frame: are you there? The frame may have been ready before the page could hear it say so. */
export type AskFrame = { readonly pando: "ask" };
/** Frame → page: workers can be started, or the function, where it runs in the frame's window. */
export type FrameReady = { readonly pando: "ready" };

export type ToFrame = AskFrame | StartWorker | EndWorker;
export type FromFrame = FrameReady;
