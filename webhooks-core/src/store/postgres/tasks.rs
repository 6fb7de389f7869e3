//! Work that goes on when nobody waits for it any more.

/// Runs this to its end, whether or not the future that is returned is.
#[allow(clippy::disallowed_methods, reason = "a panic is passed on")]
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down, and this future with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Goes on with this, whoever waits for it. If it panics, it drops what it was to answer with.
#[allow(
    clippy::disallowed_methods,
    reason = "who waits for the answer is told"
)]
pub(super) fn go_on(work: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(work));
}
