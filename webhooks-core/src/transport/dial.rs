//! Which addresses a request may go to.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use url::{Host, Url};

use super::{
    AttemptError, AttemptErrorKind, AttemptRequest, NetworkPolicy, Resolve, Standing, guard::Ports,
    resolve::BoundedResolver,
};
use crate::{Error, ErrorKind};

/// The guard in front of a transport: checks where a request goes, looks its name up, and says what may be
/// dialled. [`HttpTransport`](super::HttpTransport) has one; so should a transport of your own. Cheap to
/// clone; clones share the limit of look-ups.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use webhooks_core::transport::{
///     AttemptRequest, Guard, NetworkPolicy, SystemResolver, parse_url,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let guard = Guard::new(NetworkPolicy::default(), Arc::new(SystemResolver))?;
/// let request = |url: &str| {
///     let url = parse_url(url)?;
///     let (headers, body) = Default::default();
///     Ok::<_, webhooks_core::Error>(AttemptRequest::new(url, headers, body, Duration::from_secs(15)))
/// };
/// let addresses = guard.addresses(&request("https://203.0.113.7/hooks")?).await;
/// assert!(addresses.is_err(), "an address of an example");
/// let addresses = guard.addresses(&request("https://8.8.8.8/hooks")?).await?;
/// assert_eq!(addresses, ["8.8.8.8:443".parse()?]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a guard does nothing until a transport asks it"]
pub struct Guard {
    policy: NetworkPolicy,
    resolver: Arc<BoundedResolver>,
}

impl Guard {
    /// A guard that keeps to `policy` and looks names up with `resolver`: at most 32 at once, half of them for
    /// emitters that have not succeeded since their last failure, each for 5 s.
    ///
    /// # Errors
    /// That of [`NetworkPolicy::validate`].
    pub fn new(policy: NetworkPolicy, resolver: Arc<dyn Resolve>) -> Result<Self, Error> {
        policy.validate()?;
        let resolver = Arc::new(BoundedResolver::new(resolver));
        Ok(Self { policy, resolver })
    }

    /// What to dial for a request: one or more addresses with its port, each of which is allowed. To dial the
    /// name instead would look it up again, and the answer may be another.
    ///
    /// # Errors
    /// [`InvalidRequest`](AttemptErrorKind::InvalidRequest) for a URL that is not allowed;
    /// [`ForbiddenAddress`](AttemptErrorKind::ForbiddenAddress) where its host, or any address of it, is not;
    /// [`Dns`](AttemptErrorKind::Dns) where it has none, or that could not be told within 5 s.
    ///
    /// # Cancel safety
    /// A look-up that has begun goes on when this is dropped, and counts towards the limit until it ends.
    pub async fn addresses(
        &self,
        request: &AttemptRequest,
    ) -> Result<Vec<SocketAddr>, AttemptError> {
        let url = &request.url;
        self.check(url)?;
        let addresses = match url.host() {
            Some(Host::Domain(name)) => {
                self.look_up(name, self.ports(url), request.standing)
                    .await?
            }
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            None => Vec::new(),
        };
        let port = url.port_or_known_default().unwrap_or_default();
        let addresses = addresses.into_iter();
        Ok(addresses.map(|ip| SocketAddr::new(ip, port)).collect())
    }

    /// Checks a URL that is about to be dialled; a name is judged once it was looked up.
    pub(super) fn check(&self, url: &Url) -> Result<(), AttemptError> {
        self.policy.check_dialled(url).map_err(|error| {
            let kind = match error.kind() {
                ErrorKind::ForbiddenAddress => AttemptErrorKind::ForbiddenAddress,
                _ => AttemptErrorKind::InvalidRequest,
            };
            AttemptError::new(kind, error.to_string())
        })
    }

    /// The addresses of a name; an answer is let through only as a whole.
    pub(super) async fn look_up(
        &self,
        name: &str,
        ports: Ports,
        standing: Standing,
    ) -> Result<Vec<IpAddr>, AttemptError> {
        let answer = self.resolver.resolve(name, standing).await;
        let answer = answer.map_err(|error| {
            let message = format!("the name could not be looked up: {error}");
            AttemptError::new(AttemptErrorKind::Dns, message).with_source(error)
        })?;
        let admitted = self.policy.admit_answer(name, &answer, ports);
        admitted.map_err(|forbidden| {
            AttemptError::new(
                AttemptErrorKind::ForbiddenAddress,
                format!("the name leads to {forbidden}, which is not allowed"),
            )
        })
    }

    pub(super) fn ports(&self, url: &Url) -> Ports {
        self.policy.ports(url)
    }

    #[cfg(feature = "reqwest")]
    pub(super) fn allows_networks(&self) -> bool {
        self.policy.allows_networks()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Duration};

    use super::{
        super::{ResolveFuture, parse_url},
        *,
    };

    /// What each name leads to.
    struct Names;

    impl Resolve for Names {
        fn resolve(&self, host: &str) -> ResolveFuture {
            let answer: io::Result<Vec<IpAddr>> = match host {
                "public.example" => Ok(vec![[8, 8, 8, 8].into(), [9, 9, 9, 9].into()]),
                "inner.example" => Ok(vec![[10, 0, 0, 1].into()]),
                "both.example" => Ok(vec![[8, 8, 8, 8].into(), [10, 0, 0, 1].into()]),
                "silent.example" => return Box::pin(std::future::pending()),
                _ => Err(io::Error::other("no such name")),
            };
            Box::pin(async { answer })
        }
    }

    async fn dialled(policy: NetworkPolicy, url: &str) -> Result<Vec<String>, AttemptErrorKind> {
        let guard = Guard::new(policy, Arc::new(Names)).unwrap();
        let (headers, body) = Default::default();
        let url = parse_url(url).unwrap();
        let request = AttemptRequest::new(url, headers, body, Duration::from_secs(1));
        let addresses = guard.addresses(&request).await;
        let addresses = addresses.map_err(|error| error.kind())?;
        Ok(addresses.iter().map(ToString::to_string).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_goes_where_the_policy_lets_it() {
        let strict = NetworkPolicy::default;
        let inner = || strict().allow_network("10.0.0.0/8".parse::<ipnet::IpNet>().unwrap());
        let public = dialled(strict(), "https://public.example/").await;
        assert_eq!(public.unwrap(), ["8.8.8.8:443", "9.9.9.9:443"]);
        let allowed = dialled(inner(), "https://inner.example:8443/").await;
        assert_eq!(allowed.unwrap(), ["10.0.0.1:8443"]);
        let literal = dialled(strict(), "https://[2606:4700::1111]/").await;
        assert_eq!(literal.unwrap(), ["[2606:4700::1111]:443"]);
        for (url, kind) in [
            ("https://inner.example/", AttemptErrorKind::ForbiddenAddress),
            ("https://both.example/", AttemptErrorKind::ForbiddenAddress),
            ("https://10.0.0.1/", AttemptErrorKind::ForbiddenAddress),
            (
                "https://public.example:8443/",
                AttemptErrorKind::ForbiddenAddress,
            ),
            ("http://public.example/", AttemptErrorKind::InvalidRequest),
            ("https://nowhere.example/", AttemptErrorKind::Dns),
            ("https://silent.example/", AttemptErrorKind::Dns),
        ] {
            assert_eq!(dialled(strict(), url).await, Err(kind), "{url}");
        }
    }
}
