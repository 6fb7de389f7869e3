//! End to end, over real sockets.
