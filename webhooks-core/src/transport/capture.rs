//! What is kept of an answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header::RETRY_AFTER};
use tokio::time::{Instant, timeout_at};

/// So much of a body is read, so that the connection can be used again.
const DRAIN: usize = 64 << 10;
/// So long the body of a 2xx is read: it is a success already.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many bytes are kept, of headers and of the body.
struct Limits {
    headers: usize,
    body: usize,
}

fn limits(success: bool) -> Limits {
    if success {
        Limits {
            headers: 1 << 10,
            body: 1 << 10,
        }
    } else {
        Limits {
            headers: 4 << 10,
            body: 16 << 10,
        }
    }
}

/// The headers that fit, by names and values; `retry-after` before all others.
pub(super) fn headers(all: &HeaderMap, success: bool) -> HeaderMap {
    let mut left = limits(success).headers;
    let mut kept = HeaderMap::with_capacity(all.keys_len());
    let first = all.get(RETRY_AFTER).map(|value| (&RETRY_AFTER, value));
    let others = all.iter().filter(|(name, _)| *name != RETRY_AFTER);
    for (name, value) in first.into_iter().chain(others) {
        let size = name.as_str().len() + value.len();
        if size <= left {
            left -= size;
            kept.append(name, value.clone());
        }
    }
    kept
}

/// Reads the body up to a bound in bytes and time; returns what is kept and whether there was more,
/// or it broke.
pub(super) async fn body(
    response: &mut reqwest::Response,
    success: bool,
    deadline: Instant,
) -> (Bytes, bool) {
    let limit = limits(success).body;
    let deadline = if success {
        Instant::now() + PATIENCE
    } else {
        deadline
    };
    let mut kept = BytesMut::new();
    let mut read = 0;
    loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                let room = limit - kept.len();
                kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
                read += chunk.len();
                if read > DRAIN {
                    return (kept.freeze(), true);
                }
            }
            Ok(Ok(None)) => return (kept.freeze(), read > limit),
            Ok(Err(_)) | Err(_) => return (kept.freeze(), true),
        }
    }
}
