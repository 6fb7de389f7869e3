//! Hosts as people write them.

use std::net::IpAddr;

use url::{Host, Url};

/// The host in `text`, in the form in which URLs hold hosts: lower case, IDNA, addresses as such. It
/// may have a port, or be a whole URL; an IPv6 address needs no brackets. `None` for what no URL
/// has, a pattern among them: to deny it would deny nothing.
pub(super) fn parse_host(text: &str) -> Option<Host> {
    let text = text.trim();
    let of_url = |text: &str| Url::parse(text).ok()?.host().map(|host| host.to_owned());
    let host = match text.parse() {
        Ok(IpAddr::V4(address)) => Host::Ipv4(address),
        Ok(IpAddr::V6(address)) => Host::Ipv6(address),
        Err(_) => Host::parse(text)
            .ok()
            .or_else(|| of_url(text))
            .or_else(|| of_url(&format!("https://{text}")))?,
    };
    match &host {
        Host::Domain(name) if name.contains('*') || name.trim_matches('.').is_empty() => None,
        _ => Some(host),
    }
}
