//! What the application allows.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use url::{Host, Url};

use super::{
    classify::{is_public, unwrap},
    host::parse_host,
    url::check_form,
};
use crate::{Error, ErrorKind};

/// Which schemes, hosts, ports and addresses webhooks may go to. Defaults to https on port 443 and
/// public addresses. Cheap to clone.
#[derive(Debug, Clone, Default)]
#[must_use = "a policy does nothing until a transport has it"]
pub struct NetworkPolicy {
    http: bool,
    networks: Arc<[IpNet]>,
    denied_hosts: Arc<[String]>,
    denied_addresses: Arc<[IpAddr]>,
    /// What was to be denied, but is no host.
    no_host: Option<Arc<str>>,
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

    /// Refuses this host, a name or an address, such as the service's own public one. It wins over
    /// allowed networks. Names below a denied one are not denied, nor are other names that lead to
    /// its address: for these, deny the address. A port is of no account. What is no host, such as
    /// a pattern, is an error of [`validate`](Self::validate). Defaults to none.
    pub fn deny_host(mut self, host: impl Into<String>) -> Self {
        let host = host.into();
        let address = match parse_host(&host) {
            None => {
                self.no_host.get_or_insert_with(|| host.into());
                return self;
            }
            Some(Host::Domain(name)) => {
                let name = bare(&name).to_owned();
                self.denied_hosts = self.denied_hosts.iter().cloned().chain([name]).collect();
                return self;
            }
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => unwrap(address.into()),
        };
        self.denied_addresses = self
            .denied_addresses
            .iter()
            .copied()
            .chain([address])
            .collect();
        self
    }

    /// Checks what was set: a host that is denied in vain would not be missed.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) if a denied host is none.
    pub fn validate(&self) -> Result<(), Error> {
        let Some(text) = &self.no_host else {
            return Ok(());
        };
        let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
        Err(Error::new(
            ErrorKind::InvalidConfig,
            format!("the denied host `{shown}` is not a host: expected a name or an address"),
        ))
    }

    /// Whether webhooks may go to this address, on a port of this kind.
    pub(crate) fn admits(&self, address: IpAddr, ports: Ports) -> bool {
        !self.denied_addresses.contains(&unwrap(address))
            && (self.allows(address) || (ports == Ports::Standard && is_public(address)))
    }

    /// The addresses to dial of what a name led to.
    ///
    /// # Errors
    /// The address for which the answer is refused, as a whole.
    pub(crate) fn admit_answer(
        &self,
        name: &str,
        answer: &[IpAddr],
        ports: Ports,
    ) -> Result<Vec<IpAddr>, IpAddr> {
        // On most machines `localhost` is ::1 and 127.0.0.1, and only one may be allowed: the other
        // is left out. Anything but loopback would be somebody's trick.
        let local = is_local(name);
        let mut admitted = Vec::with_capacity(answer.len());
        for address in answer.iter().copied() {
            let loopback = address.to_canonical().is_loopback();
            if local && loopback && !self.allows(address) {
                continue;
            }
            if (local && !loopback) || !self.admits(address, ports) {
                return Err(address);
            }
            admitted.push(address);
        }
        match answer {
            [first, ..] if admitted.is_empty() => Err(*first),
            _ => Ok(admitted),
        }
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn allows_networks(&self) -> bool {
        !self.networks.is_empty()
    }

    fn allows(&self, address: IpAddr) -> bool {
        let inner = unwrap(address);
        self.networks
            .iter()
            .any(|network| network.contains(&address) || network.contains(&inner))
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
        self.check_dialled(url)?;
        let Some(Host::Domain(name)) = url.host() else {
            return Ok(());
        };
        if !is_local(name) && self.ports(url) == Ports::Other {
            return Err(Error::new(
                ErrorKind::InvalidUrl,
                format!(
                    "`url` has port {}: expected 443{}",
                    url.port_or_known_default().unwrap_or(0),
                    if self.http { " or 80" } else { "" }
                ),
            ));
        }
        Ok(())
    }

    /// Checks a URL that is about to be dialled: as [`check_url`](Self::check_url), but the port of
    /// a name is judged with the address that it leads to.
    pub(crate) fn check_dialled(&self, url: &Url) -> Result<(), Error> {
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
        check_form(url)?;
        let ports = self.ports(url);
        match url.host() {
            None => invalid("`url` has no host: expected one".into()),
            Some(Host::Ipv4(address)) => self.check_address(address.into(), ports),
            Some(Host::Ipv6(address)) => self.check_address(address.into(), ports),
            Some(Host::Domain(name)) => {
                let name = bare(name);
                if self.denied_hosts.iter().any(|denied| denied == name) {
                    return forbidden(format!("`url` has the host `{name}`, which is denied"));
                }
                let local = is_local(name);
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
                Ok(())
            }
        }
    }

    fn check_address(&self, address: IpAddr, ports: Ports) -> Result<(), Error> {
        if self.admits(address, ports) {
            return Ok(());
        }
        if self.denied_addresses.contains(&unwrap(address)) {
            return forbidden(format!("`url` leads to {address}, which is denied"));
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

/// A name without the dot that makes it absolute.
fn bare(name: &str) -> &str {
    name.trim_end_matches('.')
}

/// `localhost` and what is below it (RFC 6761); URLs hold names in lower case.
fn is_local(name: &str) -> bool {
    let name = bare(name);
    name == "localhost" || name.ends_with(".localhost")
}

fn forbidden(message: String) -> Result<(), Error> {
    Err(Error::new(ErrorKind::ForbiddenAddress, message))
}

#[cfg(test)]
mod tests;
