//! Who may use the admin API.

use std::{fmt, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{header::AUTHORIZATION, request::Parts};
use subtle::ConstantTimeEq as _;

use super::Problem;

/// Who made a request, as the authentication found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(pub String);

type Check = Arc<dyn Fn(&Parts) -> Option<Identity> + Send + Sync>;

/// How the admin API knows who may use it.
#[derive(Clone)]
#[must_use = "authentication does nothing until a router has it"]
pub struct AdminAuth {
    check: Check,
    challenge: &'static str,
}

impl AdminAuth {
    /// `authorization: Bearer <token>`, compared in constant time. An empty token, as of a variable
    /// that is not set, lets nobody in.
    pub fn bearer(token: impl Into<String>) -> Self {
        let token = token.into();
        let check = move |request: &Parts| {
            let given = credentials(request, "bearer")?;
            (!token.is_empty() && same(given, &token)).then(|| Identity("admin".to_owned()))
        };
        Self {
            check: Arc::new(check),
            challenge: "Bearer",
        }
    }

    /// HTTP basic authentication (RFC 7617), compared in constant time. An empty password lets
    /// nobody in.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        let (user, password) = (user.into(), password.into());
        let expected = (!password.is_empty()).then(|| format!("{user}:{password}"));
        let check = move |request: &Parts| {
            let given = STANDARD.decode(credentials(request, "basic")?).ok()?;
            let given = std::str::from_utf8(&given).ok()?;
            same(given, expected.as_deref()?).then(|| Identity(user.clone()))
        };
        Self {
            check: Arc::new(check),
            challenge: "Basic realm=\"webhooks\"",
        }
    }

    /// What the application knows of a request: `None` for nobody.
    pub fn custom(check: impl Fn(&Parts) -> Option<Identity> + Send + Sync + 'static) -> Self {
        Self {
            check: Arc::new(check),
            challenge: "Bearer",
        }
    }

    /// Who made this request; `None` for nobody that may.
    #[must_use]
    pub fn identify(&self, request: &Parts) -> Option<Identity> {
        (self.check)(request)
    }

    /// What to answer somebody that it does not know: 401, and how to authenticate.
    #[must_use]
    pub fn refusal(&self) -> Problem {
        Problem::unauthorized(self.challenge)
    }

    /// No check at all: for a router that is behind a layer of the application's own.
    pub fn none_behind_my_own_layer() -> Self {
        Self::custom(|_| Some(Identity("unknown".to_owned())))
    }
}

impl fmt::Debug for AdminAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminAuth")
            .field("challenge", &self.challenge)
            .finish_non_exhaustive()
    }
}

fn credentials<'a>(request: &'a Parts, scheme: &str) -> Option<&'a str> {
    let header = request.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (given, rest) = header.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn same(given: &str, expected: &str) -> bool {
    given.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// Lets nobody through who may not, before anything is routed.
pub(super) async fn authenticate(
    State(auth): State<AdminAuth>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(identity) = auth.identify(&parts) else {
        return auth.refusal().into_response();
    };
    parts.extensions.insert(identity);
    next.run(Request::from_parts(parts, body)).await
}
