//! The app that a request comes from.

use http::{HeaderMap, HeaderName, HeaderValue};
use openrouter_oauth_models::InvalidValue;

/// The app that sends the requests, as shown in OpenRouter's rankings and the user's activity log.
///
/// Source: <https://openrouter.ai/docs/app-attribution>
///
/// ```
/// use openrouter_oauth::Attribution;
///
/// let attribution = Attribution::new("https://my.app").title("My app").categories(["cli-agent"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Attribution {
    pub(crate) referer: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) categories: Option<String>,
}

impl Attribution {
    /// Identifies the app by its URL, sent as the header `HTTP-Referer`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { referer: Some(url.into()), title: None, categories: None }
    }

    /// Adds the app's name, sent as the header `X-OpenRouter-Title`. It must be printable ASCII.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds the app's categories, sent as the header `X-OpenRouter-Categories`.
    #[must_use]
    pub fn categories(mut self, categories: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut joined = String::new();
        for category in categories {
            if !joined.is_empty() {
                joined.push(',');
            }
            joined.push_str(category.as_ref());
        }
        self.categories = Some(joined);
        self
    }

    /// Fills missing parts from `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            referer: self.referer.or(other.referer),
            title: self.title.or(other.title),
            categories: self.categories.or(other.categories),
        }
    }

    pub(crate) fn write(&self, headers: &mut HeaderMap) -> Result<(), InvalidValue> {
        let parts = [
            ("http-referer", &self.referer, "attribution URL"),
            ("x-openrouter-title", &self.title, "attribution title"),
            ("x-openrouter-categories", &self.categories, "attribution categories"),
        ];
        for (name, value, what) in parts {
            if let Some(value) = value {
                let value = text_header(what, value)?;
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Ok(())
    }
}

/// Returns a header value of printable ASCII. Servers disagree on how to decode other characters.
pub(crate) fn text_header(what: &'static str, text: &str) -> Result<HeaderValue, InvalidValue> {
    let invalid = InvalidValue::new(what, "may contain only printable ASCII characters");
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(invalid);
    }
    HeaderValue::from_str(text).map_err(|_| invalid)
}
