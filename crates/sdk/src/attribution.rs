//! Which app a request comes from.

use http::{HeaderMap, HeaderName, HeaderValue};
use openrouter_oauth_models::InvalidValue;

/// Which app requests come from, for OpenRouter's rankings and for the user's list of activity.
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
    /// The app at this URL, sent as `HTTP-Referer`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { referer: Some(url.into()), title: None, categories: None }
    }

    /// Adds the app's name, sent as `X-OpenRouter-Title`. ASCII only: it goes into a header.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds what kind of app it is, sent as `X-OpenRouter-Categories`.
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

    /// These parts, and those of `other` where there are none.
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

/// A header's value of printable ASCII: what other characters mean there depends on who reads them.
pub(crate) fn text_header(what: &'static str, text: &str) -> Result<HeaderValue, InvalidValue> {
    let invalid = InvalidValue::new(what, "may hold only printable ASCII characters");
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(invalid);
    }
    HeaderValue::from_str(text).map_err(|_| invalid)
}
