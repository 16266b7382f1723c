//! Content negotiation between JSON and HTML (RFC 9110, section 12.5.1).

use http::{HeaderMap, HeaderValue, header::ACCEPT};

/// Returns whether `Accept` names `application/json` and does not prefer `text/html`.
///
/// `*/*` does not count, because browsers send it too.
pub(super) fn prefers_json(headers: &HeaderMap) -> bool {
    let json = weight(headers, "application/json");
    json > 0.0 && json >= weight(headers, "text/html")
}

/// Returns the weight of a media type, or 0 if `Accept` does not name it.
fn weight(headers: &HeaderMap, media_type: &str) -> f32 {
    let values = headers.get_all(ACCEPT).iter().map(HeaderValue::as_bytes);
    let ranges = values.flat_map(|value| value.split(|byte| *byte == b','));
    ranges.filter_map(|range| weight_in(std::str::from_utf8(range).ok()?, media_type)).fold(0.0, f32::max)
}

/// Returns the weight of a media range if it is this media type. A weight that is not between 0 and 1 counts as 0.
fn weight_in(range: &str, media_type: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    parts.next().filter(|name| name.eq_ignore_ascii_case(media_type))?;
    let Some(weight) = parts.find_map(|parameter| parameter.strip_prefix(['q', 'Q'])?.strip_prefix('='))
    else {
        return Some(1.0);
    };
    Some(weight.parse().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &[&'static str], expected: bool) {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_static(value));
        }
        assert_eq!(prefers_json(&headers), expected, "{accept:?}");
    }

    #[test]
    fn client_that_names_json_gets_json() {
        check(&["application/json"], true);
        check(&["Application/JSON; charset=utf-8;q=0.1"], true);
        check(&["application/json, text/plain, */*"], true);
        check(&["text/html;q=0.8, application/json"], true);
        check(&["text/html, application/json"], true);
        check(&["*/*", "application/json"], true);
        check(&["text/html;q=1e9, application/json;q=0.1"], true);
    }

    #[test]
    fn invalid_media_range_is_skipped() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_bytes(b"text/\xff, application/json").unwrap());
        assert!(prefers_json(&headers));
    }

    #[test]
    fn other_clients_get_the_page() {
        check(&[], false);
        check(&["*/*"], false);
        check(&["application/*"], false);
        check(&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], false);
        check(&["application/json;q=0"], false);
        check(&["application/json; Q=0.000, */*"], false);
        check(&["application/json;q=much"], false);
        check(&["application/json;q=NaN"], false);
        check(&["text/html;q=0.5, application/json;q=inf"], false);
        check(&["text/html;q=0.5, application/json;q=1e9"], false);
        check(&["application/json;q=-1"], false);
        check(&["text/html, application/json;q=0.9"], false);
        check(&["application/jsonp, application/json5"], false);
    }
}
