//! What a case is made of: what happens to the emulator, what the SDK is asked, what it must make of the answer.

use std::time::Duration;

use openrouter_oauth_emulator::Fault;
use serde_json::{Map, Value, json};

use crate::driver::Sdk;

/// One line of the table, held against both SDKs.
pub(crate) struct Case {
    /// What is shown, as a true sentence.
    pub(crate) name: &'static str,
    /// What happens, in order, on an emulator of its own.
    pub(crate) acts: Vec<Act>,
    /// An SDK in which this cannot be said, and why.
    pub(crate) inexpressible: Option<(Sdk, &'static str)>,
}

impl Case {
    /// A case that both SDKs can express.
    pub(crate) fn new(name: &'static str, acts: impl IntoIterator<Item = Act>) -> Self {
        Self { name, acts: acts.into_iter().collect(), inexpressible: None }
    }

    /// Leaves `sdk` out, and says why.
    pub(crate) fn but(mut self, sdk: Sdk, reason: &'static str) -> Self {
        self.inexpressible = Some((sdk, reason));
        self
    }
}

/// One thing that happens.
pub(crate) enum Act {
    /// A user opens this URL and approves; `$code` is what the callback receives or the page shows.
    Approve(&'static str),
    /// Time passes.
    Pass(Duration),
    /// The next request meets this.
    Inject(Fault),
    /// The last request had this header, its name in lower case.
    Seen(&'static str, &'static str),
    /// The SDK is asked.
    Call(Call),
}

/// One operation of an SDK.
pub(crate) struct Call {
    /// What the driver is told.
    pub(crate) step: Value,
    /// What the SDK must make of it.
    pub(crate) expect: Expect,
}

/// What an SDK makes of an answer.
pub(crate) enum Expect {
    /// It returns this, in the names of the wire (see [`fit`](crate::pattern::fit)).
    Answer(Value),
    /// It raises an error.
    Refusal(Refusal),
}

/// An error as an SDK reports it.
pub(crate) struct Refusal {
    /// The name of the class, in Python and in TypeScript.
    pub(crate) class: [&'static str; 2],
    /// The HTTP status, where there is one.
    pub(crate) status: Option<u16>,
    /// Begins the message of the decoded error, or its RFC 6749 code, or else stands in the body.
    pub(crate) says: &'static str,
}

/// Has the SDK call `operation` (a name that the drivers know) with `args`.
pub(crate) fn call(operation: &str, args: Value) -> Step {
    Step(Map::new()).with("server", json!("$server")).with("call", json!(operation)).with("args", args)
}

/// A [`Call`] without an expectation yet.
pub(crate) struct Step(Map<String, Value>);

impl Step {
    /// The SDK's key.
    pub(crate) fn key(self, key: &str) -> Self {
        self.with("key", json!(key))
    }

    /// The application that the SDK is told it works for: URL, title and categories.
    pub(crate) fn app(self, app: [&str; 3]) -> Self {
        self.with("app", json!(app))
    }

    /// Sends this body in place of the SDK's own, for what its types cannot express.
    pub(crate) fn body(self, body: &str) -> Self {
        self.with("body", json!(body))
    }

    /// Lets the SDK send again, as it does by default: on 5XX and on lost connections.
    pub(crate) fn retry(self) -> Self {
        self.with("retry", json!(true))
    }

    /// The SDK must return `answer`.
    pub(crate) fn answers(self, answer: Value) -> Act {
        self.expect(Expect::Answer(answer))
    }

    /// The SDK must raise `class`, the same in both.
    pub(crate) fn refuses(self, status: u16, class: &'static str, says: &'static str) -> Act {
        self.expect(Expect::Refusal(Refusal { class: [class, class], status: Some(status), says }))
    }

    /// The SDK must raise an error without an answer, of the class of its column.
    pub(crate) fn breaks(self, class: [&'static str; 2]) -> Act {
        self.expect(Expect::Refusal(Refusal { class, status: None, says: "" }))
    }

    fn expect(self, expect: Expect) -> Act {
        Act::Call(Call { step: Value::Object(self.0), expect })
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

impl Refusal {
    /// Holds what `sdk` reported against what is expected.
    ///
    /// # Errors
    ///
    /// A sentence that says what differs.
    pub(crate) fn fit(&self, sdk: Sdk, reported: &Value) -> Result<(), String> {
        let [python, typescript] = self.class;
        let class = match sdk {
            Sdk::Python => python,
            Sdk::TypeScript => typescript,
        };
        let field = |pointer| reported.pointer(pointer);
        let decoded = field("/error/message").or(field("/error").filter(|error| error.is_string()));
        let said = match decoded.and_then(Value::as_str) {
            Some(message) => message.starts_with(self.says),
            None => field("/text").and_then(Value::as_str).is_some_and(|text| text.contains(self.says)),
        };
        let fits =
            said && field("/class") == Some(&json!(class)) && field("/status") == Some(&json!(self.status));
        let wanted = (class, self.status, self.says);
        if fits { Ok(()) } else { Err(format!("raised {reported} where {wanted:?} is expected")) }
    }
}
