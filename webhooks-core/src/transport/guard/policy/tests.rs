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

#[test]
fn a_denied_host_may_be_an_address_or_an_international_name() {
    let policy = loopback()
        .deny_host("127.0.0.7")
        .deny_host("bücher.example");
    for url in [
        "http://127.0.0.7:8080",
        "http://2130706439",
        "http://[::ffff:127.0.0.7]:1",
        "https://bücher.example",
        "https://xn--bcher-kva.example.",
    ] {
        assert_eq!(
            check(&policy, url),
            Err(ErrorKind::ForbiddenAddress),
            "{url}"
        );
    }
    assert!(!policy.admits([127, 0, 0, 7].into(), Ports::Other));
}

#[test]
fn a_denied_host_may_be_written_as_an_ipv6_address_with_a_port_or_as_a_url() {
    let six = "2606:4700::1111";
    for (denied, url) in [
        (six, format!("https://[{six}]/")),
        ("[2606:4700::1111]", format!("https://[{six}]/")),
        ("[2606:4700::1111]:443", format!("https://[{six}]/")),
        ("::ffff:8.8.8.8", "https://8.8.8.8/".to_owned()),
        ("8.8.8.8:443", "https://8.8.8.8/".to_owned()),
        ("Shop.example:8443", "https://shop.example/".to_owned()),
        (
            "https://shop.example/path",
            "https://shop.example/".to_owned(),
        ),
        (" shop.example ", "https://shop.example/".to_owned()),
    ] {
        let policy = NetworkPolicy::default();
        assert_eq!(check(&policy, &url), Ok(()));
        let policy = policy.deny_host(denied);
        assert_eq!(
            check(&policy, &url),
            Err(ErrorKind::ForbiddenAddress),
            "{denied}"
        );
    }
}

#[test]
fn a_denied_host_that_is_none_does_not_pass_in_silence() {
    for wrong in ["", " ", ".", "*", "*.shop.example", "shop example"] {
        let policy = NetworkPolicy::default().deny_host(wrong).deny_host("b.c");
        let error = policy.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{wrong}");
        assert!(error.to_string().contains(wrong), "{error}");
    }
    let policy = NetworkPolicy::default().deny_host("shop.example");
    assert!(policy.validate().is_ok());
}

#[test]
fn a_url_that_was_made_elsewhere_is_checked_as_well() {
    for url in [
        "https://user:pass@example.com/",
        "https://example.com/#x",
        "https://example.com:0/",
    ] {
        let error = NetworkPolicy::default().check_url(&Url::parse(url).unwrap());
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidUrl, "{url}");
    }
}

#[test]
fn white_space_that_the_parser_would_drop_is_refused() {
    for url in [
        "https://exa\nmple.com/",
        "https://example.com/a\tb",
        " https://example.com",
    ] {
        assert_eq!(
            parse_url(url).unwrap_err().kind(),
            ErrorKind::InvalidUrl,
            "{url:?}"
        );
    }
}

#[cfg(feature = "reqwest")]
#[test]
fn localhost_is_dialled_at_allowed_loopback_addresses_only() {
    let v4 = IpAddr::from([127, 0, 0, 1]);
    let v6 = IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16]);
    let public = IpAddr::from([8, 8, 8, 8]);
    let admit = |answer: &[IpAddr]| loopback().admit_answer("localhost", answer, Ports::Standard);
    assert_eq!(admit(&[v6, v4]), Ok(vec![v4]));
    assert_eq!(admit(&[v6]), Err(v6));
    assert_eq!(admit(&[v4, public]), Err(public));
    assert_eq!(admit(&[]), Ok(vec![]));
    let named = loopback().admit_answer("crm.example", &[v6, v4], Ports::Standard);
    assert_eq!(named, Err(v6), "only `localhost` may leave one out");
}

#[cfg(feature = "reqwest")]
#[tokio::test]
async fn with_a_denied_host_that_is_none_nothing_is_built() {
    use crate::transport::{HttpTransport, SystemResolver, TlsOptions};

    let builder = crate::Webhooks::builder().deny_host("*.shop.example");
    let refused = builder.build().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidConfig);
    let policy = NetworkPolicy::default().deny_host("*.shop.example");
    assert!(HttpTransport::new(policy, Arc::new(SystemResolver), &TlsOptions::new()).is_err());
}
