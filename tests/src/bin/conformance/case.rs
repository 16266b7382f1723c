//! A case: actions on the emulator, calls of the SDK, and their expected results.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::driver::{Language, Sdk};

/// One test case, which runs with every SDK.
pub(crate) struct Case {
    /// The claim that the case checks, as a sentence.
    pub(crate) name: &'static str,
    /// The actions, in order, on the case's own emulator.
    pub(crate) actions: Vec<Action>,
    /// A language whose SDK cannot express the case, and why.
    pub(crate) unsupported: Option<(Language, &'static str)>,
}

impl Case {
    /// Creates a case that every SDK can express.
    pub(crate) fn new(name: &'static str, actions: impl IntoIterator<Item = Action>) -> Self {
        Self { name, actions: actions.into_iter().collect(), unsupported: None }
    }

    /// Creates a case with one fault on the next request for `path`, and one action.
    pub(crate) fn with_fault(name: &'static str, path: &str, fault: Value, action: Action) -> Self {
        Self::new(name, [Action::inject(path, fault), action])
    }

    /// Skips the case for the SDK of `language`, for this reason.
    pub(crate) fn except(mut self, language: Language, reason: &'static str) -> Self {
        self.unsupported = Some((language, reason));
        self
    }
}

/// One action of a case.
pub(crate) enum Action {
    /// The user approves at this URL. `$code` becomes the code in the callback or on the page.
    Approve(&'static str),
    /// The emulator's clock advances.
    AdvanceClock(Duration),
    /// The emulator injects this fault, in the JSON of `/emulator/faults`.
    Inject(Value),
    /// The last request must have had this header; its name is in lower case.
    ExpectHeader(&'static str, &'static str),
    /// Exchanged codes must have led to this many keys.
    ExpectGrantedKeys(usize),
    /// The SDK calls an operation.
    Call(Call),
}

impl Action {
    /// Injects a fault on the next request for `path`.
    pub(crate) fn inject(path: &str, mut fault: Value) -> Self {
        fault["path"] = json!(path);
        Self::Inject(fault)
    }
}

/// One call of an SDK's operation.
pub(crate) struct Call {
    /// The call, in the driver's JSON.
    pub(crate) request: Value,
    /// The expected result.
    pub(crate) expected: Expected,
}

/// The expected result of a call.
pub(crate) enum Expected {
    /// The SDK returns this value, with the field names of the wire (see
    /// [`match_pattern`](crate::pattern::match_pattern)).
    Value(Value),
    /// The SDK raises this error.
    Error(ExpectedError),
    /// Of [`RACERS`] calls at once, one returns this value, and all others raise this error.
    OneWinner(Value, ExpectedError),
}

/// The number of calls in a race.
pub(crate) const RACERS: usize = 30;

/// The expected error of an SDK.
pub(crate) struct ExpectedError {
    /// The name of the class, in Python and in TypeScript.
    pub(crate) class: [&'static str; 2],
    /// The HTTP status, if there was a response.
    pub(crate) status: Option<u16>,
    /// A prefix of the decoded error's message or RFC 6749 code. If the error was not decoded, a part of the body.
    pub(crate) message: &'static str,
}

/// Builds a call of `operation`, by its name in the drivers, with `args`.
pub(crate) fn call(operation: &str, args: Value) -> CallBuilder {
    CallBuilder(Map::new())
        .with("server", json!("$server"))
        .with("operation", json!(operation))
        .with("args", args)
}

/// A [`Call`] without an expected result yet.
pub(crate) struct CallBuilder(Map<String, Value>);

impl CallBuilder {
    /// Sets the SDK's key.
    pub(crate) fn key(self, key: &str) -> Self {
        self.with("key", json!(key))
    }

    /// Sets the application for attribution: URL, title and categories.
    pub(crate) fn app(self, app: [&str; 3]) -> Self {
        self.with("app", json!(app))
    }

    /// Replaces the body of the SDK's request, for cases that its types cannot express.
    pub(crate) fn body(self, body: &str) -> Self {
        self.with("body", json!(body))
    }

    /// Enables the SDK's retries, which are on by default: on 5XX and on lost connections.
    pub(crate) fn retry(self) -> Self {
        self.with("retry", json!(true))
    }

    /// The SDK must return `value`.
    pub(crate) fn returns(self, value: Value) -> Action {
        self.expect(Expected::Value(value))
    }

    /// The SDK must raise an error of `class`, which has the same name in both SDKs.
    pub(crate) fn fails_with(self, status: u16, class: &'static str, message: &'static str) -> Action {
        self.expect(Expected::Error(ExpectedError::new(status, class, message)))
    }

    /// Makes [`RACERS`] calls at once. One must return `value`, and all others must raise this error.
    pub(crate) fn races_for(
        self,
        value: Value,
        status: u16,
        class: &'static str,
        message: &'static str,
    ) -> Action {
        let error = ExpectedError::new(status, class, message);
        self.with("times", json!(RACERS)).expect(Expected::OneWinner(value, error))
    }

    /// The SDK must raise an error without a response, of its own class: Python's, then TypeScript's.
    pub(crate) fn fails_without_response(self, class: [&'static str; 2]) -> Action {
        self.expect(Expected::Error(ExpectedError { class, status: None, message: "" }))
    }

    fn expect(self, expected: Expected) -> Action {
        Action::Call(Call { request: Value::Object(self.0), expected })
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

impl ExpectedError {
    /// Creates an error of a class that has the same name in every SDK.
    fn new(status: u16, class: &'static str, message: &'static str) -> Self {
        Self { class: [class, class], status: Some(status), message }
    }

    /// Compares the error that `sdk` reported with the expected one.
    ///
    /// # Errors
    ///
    /// If they differ.
    pub(crate) fn check(&self, sdk: Sdk, reported: &Value) -> Result<(), String> {
        let [python, typescript] = self.class;
        let class = match sdk.language() {
            Language::Python => python,
            Language::TypeScript => typescript,
        };
        let field = |pointer| reported.pointer(pointer);
        let decoded = field("/error/message").or(field("/error").filter(|error| error.is_string()));
        let message_matches = match decoded.and_then(Value::as_str) {
            Some(message) => message.starts_with(self.message),
            None => field("/text").and_then(Value::as_str).is_some_and(|text| text.contains(self.message)),
        };
        let matches = message_matches
            && field("/class") == Some(&json!(class))
            && field("/status") == Some(&json!(self.status));
        let wanted = (class, self.status, self.message);
        if matches { Ok(()) } else { Err(format!("raised {reported} instead of {wanted:?}")) }
    }
}
