"""The data plane of PROTOCOL.md: messages, their bytes, and frames. It knows no I/O."""
