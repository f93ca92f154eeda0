//! Headers of every answer.

use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::Response;

/// Scripts, styles and figures of ours alone; nothing inline, nothing evaluated, no frame around us.
const CONTENT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                       connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A report brings its style and its font with it and has no script: in a sandbox it can do nothing but be looked at.
const REPORT: &str = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; base-uri 'none'; \
                      frame-ancestors 'none'; sandbox allow-same-origin allow-top-navigation-by-user-activation";

pub(super) fn dress(response: &mut Response, request: &str, uri: &Uri, cookie: Option<&str>) {
    let stands_alone =
        ["/report", "/decision", "/drift"].iter().any(|end| uri.path().ends_with(end)) || uri.path() == "/runs/compare";
    let is_report = stands_alone && response.status().is_success();
    let is_asset = uri.path().starts_with("/assets/") && response.status().is_success();
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(header::CONTENT_SECURITY_POLICY, if is_report { REPORT } else { CONTENT });
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(header::REFERRER_POLICY, "no-referrer");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    put(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    put(HeaderName::from_static("x-request-id"), request);
    put(header::CACHE_CONTROL, if is_asset { "public, max-age=3600" } else { "no-store" });
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        headers.append(header::SET_COOKIE, cookie);
    }
}
