//! URLs that an emitter may have, whatever the network.

use url::Url;

use crate::{Error, ErrorKind};

const MAX: usize = 2_048;

/// Parses the URL of an emitter: http or https, a host, no user info, no fragment, no port 0, at
/// most 2048 bytes.
///
/// # Errors
/// [`InvalidUrl`](ErrorKind::InvalidUrl), saying what would be right.
pub fn parse_url(text: &str) -> Result<Url, Error> {
    if text.len() > MAX {
        return Err(invalid(format!(
            "`url` has {} bytes: at most {MAX} are allowed",
            text.len()
        )));
    }
    // The parser drops tabs and line ends: what is shown would not be what is dialled.
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(invalid(
            "`url` has white space or control characters: expected none".to_owned(),
        ));
    }
    let url = Url::parse(text).map_err(|error| {
        invalid(
            "`url` is not a URL: expected one such as https://receiver.example/hooks".to_owned(),
        )
        .with_source(error)
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(format!(
            "`url` has the scheme `{}`: expected https",
            url.scheme()
        )));
    }
    check_form(&url)?;
    Ok(url)
}

/// What holds for the URL of every emitter, whatever the policy; a layer may have made the URL itself.
pub(super) fn check_form(url: &Url) -> Result<(), Error> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(
            "`url` has user info: expected none; send credentials in a header instead".to_owned(),
        ));
    }
    if url.fragment().is_some() {
        return Err(invalid(
            "`url` has a fragment: expected none, since it is never sent".to_owned(),
        ));
    }
    if url.host().is_none() {
        return Err(invalid("`url` has no host: expected one".to_owned()));
    }
    if url.port() == Some(0) {
        return Err(invalid(
            "`url` has port 0: expected one that can be reached".to_owned(),
        ));
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidUrl, message)
}
