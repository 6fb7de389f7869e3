//! The command line.

use clap::{Parser, Subcommand, builder::NonEmptyStringValueParser};
use ipnet::IpNet;

use crate::keygen::Keygen;

/// Outbound webhooks for services in any language: attach emitters and emit events over HTTP.
#[derive(Parser)]
#[command(version, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub(crate) listen: String,
    /// Where emitters and deliveries are kept; this version knows `memory:`.
    #[arg(long, default_value = "memory:", value_name = "STORE")]
    pub(crate) store: String,
    /// The token of the admin API, `/emit` and `/stage`; without one, one is generated and printed.
    #[arg(
        long,
        env = "WEBHOOKS_ADMIN_TOKEN",
        hide_env_values = true,
        value_parser = NonEmptyStringValueParser::new(),
        value_name = "TOKEN"
    )]
    pub(crate) admin_token: Option<String>,
    /// Allows receivers at `http://`.
    #[arg(long)]
    pub(crate) allow_http: bool,
    /// Allows receivers in this network, on every port; may be given more than once.
    #[arg(long, value_name = "CIDR")]
    pub(crate) allow_network: Vec<IpNet>,
    /// How long open requests and attempts may take at the end, in milliseconds.
    #[arg(long, default_value_t = 30_000, value_name = "N")]
    pub(crate) grace_ms: u64,
    /// What is logged to stderr, such as `info` or `webhooks=debug`.
    #[arg(long, default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
}

/// What it does instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a file with a new key that secrets are sealed with, and prints the key's ID.
    Keygen(Keygen),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_token_is_refused() {
        let parse = |token| Args::try_parse_from(["standalone", "--admin-token", token]);
        let refused = parse("").err().unwrap();
        assert_eq!(refused.exit_code(), 2);
        assert_eq!(parse("x").ok().unwrap().admin_token.as_deref(), Some("x"));
    }
}
