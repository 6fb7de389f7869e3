//! What the application allows.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use url::{Host, Url};

use super::classify::{is_public, unwrap};
use crate::{Error, ErrorKind};

/// Which schemes, hosts, ports and addresses webhooks may go to. Defaults to https on port 443 and
/// public addresses. Cheap to clone.
#[derive(Debug, Clone, Default)]
#[must_use = "a policy does nothing until a transport has it"]
pub struct NetworkPolicy {
    http: bool,
    networks: Arc<[IpNet]>,
    denied_hosts: Arc<[String]>,
}

/// Which addresses a port leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ports {
    /// 443, and 80 where http is allowed: public addresses and allowed networks.
    Standard,
    /// Any other: allowed networks only.
    Other,
}

impl NetworkPolicy {
    /// Allows `http://`, on port 80 of public addresses. Defaults to https only.
    pub fn allow_http(mut self) -> Self {
        self.http = true;
        self
    }

    /// Allows the addresses of this network, on every port. Defaults to none.
    pub fn allow_network(mut self, network: impl Into<IpNet>) -> Self {
        self.networks = self
            .networks
            .iter()
            .copied()
            .chain([network.into()])
            .collect();
        self
    }

    /// Refuses this host, such as the service's own public name. Defaults to none.
    pub fn deny_host(mut self, host: impl Into<String>) -> Self {
        let host = host.into().trim_end_matches('.').to_ascii_lowercase();
        self.denied_hosts = self.denied_hosts.iter().cloned().chain([host]).collect();
        self
    }

    /// Whether webhooks may go to this address, on a port of this kind.
    pub(crate) fn admits(&self, address: IpAddr, ports: Ports) -> bool {
        let inner = unwrap(address);
        let allowed = |network: &IpNet| network.contains(&address) || network.contains(&inner);
        self.networks.iter().any(allowed) || (ports == Ports::Standard && is_public(address))
    }

    /// Which addresses the port of this URL leads to.
    pub(crate) fn ports(&self, url: &Url) -> Ports {
        match url.port_or_known_default() {
            Some(443) => Ports::Standard,
            Some(80) if self.http => Ports::Standard,
            _ => Ports::Other,
        }
    }

    /// Checks a URL as far as it can be checked without a look-up: scheme, port, host, and the
    /// address where the host is one. Names are judged when they are dialled.
    ///
    /// # Errors
    /// [`InvalidUrl`](ErrorKind::InvalidUrl) or [`ForbiddenAddress`](ErrorKind::ForbiddenAddress),
    /// saying what would be right or what allows it.
    pub fn check_url(&self, url: &Url) -> Result<(), Error> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidUrl, message));
        match url.scheme() {
            "https" => {}
            "http" if self.http => {}
            "http" => {
                return invalid(
                    "`url` is http: expected https, unless `allow_http()` is set".into(),
                );
            }
            other => return invalid(format!("`url` has the scheme `{other}`: expected https")),
        }
        let ports = self.ports(url);
        let port = url.port_or_known_default().unwrap_or(0);
        match url.host() {
            None => invalid("`url` has no host: expected one".into()),
            Some(Host::Ipv4(address)) => self.check_address(address.into(), ports),
            Some(Host::Ipv6(address)) => self.check_address(address.into(), ports),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                if self.denied_hosts.iter().any(|denied| denied == name) {
                    return forbidden(format!("`url` has the host `{name}`, which is denied"));
                }
                let local = name == "localhost" || name.ends_with(".localhost");
                let loopback = || {
                    self.networks
                        .iter()
                        .any(|network| network.addr().is_loopback())
                };
                if local && !loopback() {
                    return forbidden(format!(
                        "`url` has the host `{name}`: it is forbidden, unless a loopback network is allowed with `allow_network`"
                    ));
                }
                if !local && ports == Ports::Other {
                    return invalid(format!(
                        "`url` has port {port}: expected 443{}",
                        if self.http { " or 80" } else { "" }
                    ));
                }
                Ok(())
            }
        }
    }

    fn check_address(&self, address: IpAddr, ports: Ports) -> Result<(), Error> {
        if self.admits(address, ports) {
            return Ok(());
        }
        if is_public(address) {
            return Err(Error::new(
                ErrorKind::InvalidUrl,
                format!("`url` has a port that is not allowed for {address}: expected 443"),
            ));
        }
        forbidden(format!(
            "`url` leads to {address}, which is not public: it is forbidden, unless its network is allowed with `allow_network`"
        ))
    }
}

fn forbidden(message: String) -> Result<(), Error> {
    Err(Error::new(ErrorKind::ForbiddenAddress, message))
}

#[cfg(test)]
mod tests {
    use super::{super::parse_url, *};

    fn check(policy: &NetworkPolicy, text: &str) -> Result<(), ErrorKind> {
        parse_url(text)
            .and_then(|url| policy.check_url(&url))
            .map_err(|error| error.kind())
    }

    fn loopback() -> NetworkPolicy {
        NetworkPolicy::default()
            .allow_http()
            .allow_network("127.0.0.0/8".parse::<IpNet>().unwrap())
    }

    #[test]
    fn https_to_a_name_is_fine() {
        let policy = NetworkPolicy::default();
        for url in [
            "https://example.com",
            "https://example.com:443/x?y=1",
            "https://8.8.8.8/",
        ] {
            assert_eq!(check(&policy, url), Ok(()), "{url}");
        }
    }

    #[test]
    fn every_ssrf_vector_is_refused_by_default_and_with_http_allowed() {
        let http = NetworkPolicy::default().allow_http();
        for url in [
            "http://127.0.0.1",
            "http://2130706433",
            "http://0x7f.1",
            "http://017700000001",
            "http://0.0.0.0",
            "http://0.1.2.3",
            "http://[::]",
            "http://[::1]:8080",
            "http://[::ffff:127.0.0.1]",
            "http://[::ffff:169.254.169.254]",
            "http://[::127.0.0.1]",
            "http://[64:ff9b::a9fe:a9fe]",
            "http://[2002:7f00:1::]",
            "http://[fd00:ec2::254]",
            "http://[fe80::1]",
            "http://[fec0::1]",
            "http://[ff02::1]",
            "http://169.254.169.254",
            "http://10.0.0.1",
            "http://172.16.0.1",
            "http://192.168.0.1",
            "http://100.64.0.1",
            "http://192.0.0.192",
            "http://198.18.0.1",
            "http://224.0.0.1",
            "http://255.255.255.255",
            "http://localhost",
            "http://localhost.",
            "http://LOCALHOST",
            "http://ⓛocalhost",
            "http://１２７.0.0.1",
            "http://a.localhost",
            "https://user:pass@example.com",
            "https://example.com:22",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://example.com/#x",
            "https://example.com:0",
            "http://example.com:8080",
        ] {
            assert!(check(&NetworkPolicy::default(), url).is_err(), "{url}");
            assert!(check(&http, url).is_err(), "{url} with http allowed");
        }
    }

    #[test]
    fn http_must_be_allowed() {
        assert_eq!(
            check(&NetworkPolicy::default(), "http://example.com"),
            Err(ErrorKind::InvalidUrl)
        );
        assert_eq!(
            check(&NetworkPolicy::default().allow_http(), "http://example.com"),
            Ok(())
        );
    }

    #[test]
    fn an_allowed_network_opens_every_port_of_its_addresses() {
        for url in [
            "http://127.0.0.1:8080",
            "http://localhost:8080",
            "http://a.localhost:1",
            "http://[::ffff:127.0.0.1]:9",
        ] {
            assert_eq!(check(&loopback(), url), Ok(()), "{url}");
        }
        assert!(check(&loopback(), "http://10.0.0.1").is_err());
        assert!(check(&loopback(), "http://example.com:8080").is_err());
        assert!(check(&loopback(), "http://8.8.8.8:8080").is_err());
    }

    #[test]
    fn a_denied_host_is_refused_however_it_is_written() {
        let policy = NetworkPolicy::default().deny_host("Shop.example.");
        for url in ["https://shop.example", "https://SHOP.example./x"] {
            assert_eq!(
                check(&policy, url),
                Err(ErrorKind::ForbiddenAddress),
                "{url}"
            );
        }
    }
}
