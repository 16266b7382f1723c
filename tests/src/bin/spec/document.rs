//! The subset of OpenAPI documents that this program reads.

use openrouter_oauth_models::Encoding;
use serde_json::{Map, Value};

/// An OpenAPI document.
pub(crate) struct Document(Value);

/// An operation of a document, with every `$ref` replaced by its target.
pub(crate) struct Operation(Value);

/// The body of a request or response: its encoding, schema and examples.
pub(crate) struct Body<'a> {
    pub(crate) encoding: Option<Encoding>,
    pub(crate) content: &'a Value,
}

impl Document {
    /// Parses YAML, which includes JSON.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        serde_yaml_ng::from_str(text).map(Self).map_err(|error| error.to_string())
    }

    pub(crate) fn operation(&self, method: &str, path: &str) -> Result<Option<Operation>, String> {
        let operation = self.0["paths"][path].get(method.to_ascii_lowercase());
        operation.map(|operation| self.resolve(operation, 0).map(Operation)).transpose()
    }

    /// Returns a copy of `node` with all references resolved.
    fn resolve(&self, node: &Value, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("the document is nested too deeply or contains a reference cycle".to_owned());
        }
        if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
            return self.resolve(self.target(reference)?, depth + 1);
        }
        let inner = |value| self.resolve(value, depth + 1);
        match node {
            Value::Object(object) => {
                let fields = object.iter().map(|(name, value)| Ok((name.clone(), inner(value)?)));
                fields.collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
            Value::Array(items) => items.iter().map(inner).collect(),
            scalar => Ok(scalar.clone()),
        }
    }

    fn target(&self, reference: &str) -> Result<&Value, String> {
        let target = reference.strip_prefix('#').and_then(|pointer| self.0.pointer(pointer));
        target.ok_or_else(|| format!("{reference} is not in the document"))
    }
}

impl Operation {
    pub(crate) fn id(&self) -> Option<&str> {
        self.0["operationId"].as_str()
    }

    /// Returns the names of the parameters in the URL and the headers.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.0["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|parameter| parameter["name"].as_str())
    }

    pub(crate) fn request(&self) -> Option<Body<'_>> {
        Body::parse(&self.0["requestBody"])
    }

    /// Returns the responses with a body, by status.
    pub(crate) fn responses(&self) -> impl Iterator<Item = (&str, Body<'_>)> {
        let responses = self.0["responses"].as_object().into_iter().flatten();
        responses.filter_map(|(status, response)| Some((status.as_str(), Body::parse(response)?)))
    }
}

impl<'a> Body<'a> {
    fn parse(parent: &'a Value) -> Option<Self> {
        let (media_type, content) = parent["content"].as_object()?.iter().next()?;
        let encoding = match media_type.as_str() {
            "application/json" => Some(Encoding::Json),
            "application/x-www-form-urlencoded" => Some(Encoding::Form),
            _ => None,
        };
        Some(Self { encoding, content })
    }
}

const MAX_DEPTH: usize = 100;
