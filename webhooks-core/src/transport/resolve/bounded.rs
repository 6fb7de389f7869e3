//! How many names are looked up at once.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::Resolve;
use crate::transport::Standing;

/// Look-ups at once.
const LIMIT: usize = 32;
/// Of these, for emitters that have not succeeded since their last failure.
const UNPROVEN: usize = LIMIT / 2;
/// `getaddrinfo` may take far longer; nobody waits for it then.
const TIMEOUT: Duration = Duration::from_secs(5);

type Answer = Result<Arc<[IpAddr]>, Arc<io::Error>>;
type UnderWay = Arc<Mutex<HashMap<String, Arc<LookUp>>>>;

/// A look-up, which one or more wait for.
#[derive(Default)]
struct LookUp {
    answer: OnceLock<Answer>,
    /// Wakes in the order in which it is waited for: `watch` draws one, and a simulation would not go the
    /// same way twice.
    ended: Notify,
}

/// A resolver that looks up a bounded number of names at once, each name once at a time.
pub(in crate::transport) struct BoundedResolver {
    inner: Arc<dyn Resolve>,
    all: Arc<Semaphore>,
    unproven: Arc<Semaphore>,
    under_way: UnderWay,
}

/// Held until the look-up has returned, whoever waits for it.
struct Permits {
    _all: OwnedSemaphorePermit,
    _unproven: Option<OwnedSemaphorePermit>,
}

/// The mark that a name is being looked up; it goes when the look-up does, also by a panic.
struct Entry {
    under_way: UnderWay,
    host: String,
    look_up: Arc<LookUp>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock(&self.under_way).remove(&self.host);
        let panicked = || Err(Arc::new(io::Error::other("the look-up panicked")));
        self.look_up.answer.get_or_init(panicked);
        self.look_up.ended.notify_waiters();
    }
}

fn lock(under_way: &UnderWay) -> MutexGuard<'_, HashMap<String, Arc<LookUp>>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LookUp {
    async fn answer(&self) -> Answer {
        let mut ended = pin!(self.ended.notified());
        // From here on its end wakes this.
        ended.as_mut().enable();
        if let Some(answer) = self.answer.get() {
            return answer.clone();
        }
        ended.await;
        let unanswered = || Err(Arc::new(io::Error::other("the look-up has no answer")));
        self.answer.get().cloned().unwrap_or_else(unanswered)
    }
}

impl BoundedResolver {
    pub(in crate::transport) fn new(inner: Arc<dyn Resolve>) -> Self {
        Self {
            inner,
            all: Arc::new(Semaphore::new(LIMIT)),
            unproven: Arc::new(Semaphore::new(UNPROVEN)),
            under_way: Arc::default(),
        }
    }

    /// Looks `host` up.
    ///
    /// # Errors
    /// `TimedOut` after five seconds; what the resolver says; `NotFound` for an empty answer.
    pub(in crate::transport) async fn resolve(
        &self,
        host: &str,
        standing: Standing,
    ) -> io::Result<Arc<[IpAddr]>> {
        let looked_up = timeout(TIMEOUT, self.look_up(host, standing)).await;
        let addresses = looked_up
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the look-up took too long"))??;
        if addresses.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no address",
            ));
        }
        Ok(addresses)
    }

    async fn look_up(&self, host: &str, standing: Standing) -> io::Result<Arc<[IpAddr]>> {
        let known = lock(&self.under_way).get(host).cloned();
        let look_up = match known {
            Some(look_up) => look_up,
            None => {
                let permits = self.permits(standing).await?;
                self.begin(host, permits)
            }
        };
        let answer = look_up.answer().await;
        answer.map_err(|error| io::Error::new(error.kind(), error.to_string()))
    }

    async fn permits(&self, standing: Standing) -> io::Result<Permits> {
        let closed = |_| io::Error::other("the resolver is closed");
        let unproven = match standing {
            Standing::Proven => None,
            Standing::Unproven => Some(
                self.unproven
                    .clone()
                    .acquire_owned()
                    .await
                    .map_err(closed)?,
            ),
        };
        let all = self.all.clone().acquire_owned().await.map_err(closed)?;
        Ok(Permits {
            _all: all,
            _unproven: unproven,
        })
    }

    /// Begins a look-up in a task of its own: the attempt may be dropped, the permits may not.
    #[allow(
        clippy::disallowed_methods,
        reason = "the task outlives the attempt on purpose"
    )]
    fn begin(&self, host: &str, permits: Permits) -> Arc<LookUp> {
        let mut under_way = lock(&self.under_way);
        if let Some(known) = under_way.get(host) {
            return known.clone();
        }
        let look_up = Arc::<LookUp>::default();
        under_way.insert(host.to_owned(), look_up.clone());
        let entry = Entry {
            under_way: self.under_way.clone(),
            host: host.to_owned(),
            look_up: look_up.clone(),
        };
        let inner = self.inner.clone();
        tokio::spawn(async move {
            let answer = inner.resolve(&entry.host).await;
            let answer = answer.map(Into::into).map_err(Arc::new);
            entry.look_up.answer.get_or_init(|| answer);
            drop((permits, entry));
        });
        look_up
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ResolveFuture, *};

    /// Never answers for names of `dead`, at once for others.
    struct Partly;

    impl Resolve for Partly {
        fn resolve(&self, host: &str) -> ResolveFuture {
            if host.starts_with("dead") {
                return Box::pin(std::future::pending());
            }
            Box::pin(async { Ok(vec![IpAddr::from([8, 8, 8, 8])]) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn dead_names_of_failing_emitters_leave_half_to_the_others() {
        let resolver = BoundedResolver::new(Arc::new(Partly));
        for at in 0..UNPROVEN {
            let error = resolver
                .resolve(&format!("dead{at}"), Standing::Unproven)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
        // Nobody waits any more, but the look-ups have not returned.
        assert_eq!(resolver.all.available_permits(), LIMIT - UNPROVEN);
        let unproven = resolver
            .resolve("good", Standing::Unproven)
            .await
            .unwrap_err();
        assert_eq!(unproven.kind(), io::ErrorKind::TimedOut);
        assert!(resolver.resolve("good", Standing::Proven).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_dead_name_holds_one_permit_however_often_it_is_tried() {
        let resolver = BoundedResolver::new(Arc::new(Partly));
        for _ in 0..LIMIT * 2 {
            assert!(resolver.resolve("dead", Standing::Unproven).await.is_err());
        }
        assert_eq!(resolver.all.available_permits(), LIMIT - 1);
        assert!(resolver.resolve("good", Standing::Unproven).await.is_ok());
        assert_eq!(resolver.all.available_permits(), LIMIT - 1);
    }

    #[tokio::test]
    async fn an_empty_answer_is_an_error() {
        let empty = |_: &str| -> ResolveFuture { Box::pin(async { Ok(Vec::new()) }) };
        struct With<F>(F);
        impl<F: Fn(&str) -> ResolveFuture + Send + Sync + 'static> Resolve for With<F> {
            fn resolve(&self, host: &str) -> ResolveFuture {
                (self.0)(host)
            }
        }
        let resolver = BoundedResolver::new(Arc::new(With(empty)));
        let error = resolver
            .resolve("empty", Standing::Proven)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_of_the_resolver_is_an_error_and_frees_the_name() {
        struct Panics;
        impl Resolve for Panics {
            fn resolve(&self, _: &str) -> ResolveFuture {
                Box::pin(async { panic!("on purpose") })
            }
        }
        let resolver = BoundedResolver::new(Arc::new(Panics));
        for _ in 0..2 {
            let error = resolver.resolve("a", Standing::Proven).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Other);
        }
        assert!(lock(&resolver.under_way).is_empty());
    }
}
