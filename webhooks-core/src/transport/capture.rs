//! Reading the body of an answer, so that the connection can be used again.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use super::body_limit;

/// So much of a body is read, so that the connection can be used again.
const DRAIN: usize = 64 << 10;
/// So long the body of a 2xx is read: it is a success already.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads the body up to a bound in bytes and time; returns what is kept and whether there was more,
/// or it broke.
pub(super) async fn body(
    response: &mut reqwest::Response,
    success: bool,
    deadline: Instant,
) -> (Bytes, bool) {
    let limit = body_limit(success);
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
