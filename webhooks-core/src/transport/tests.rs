//! Tests of the default transport, over sockets.
