//! `POST /emulator/faults`

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use crate::{Fault, GatewayResponse};

/// A fault to inject.
///
/// Unknown names are rejected, so a test with a typo fails at the typo.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultRequest {
    // The effect: exactly one of these.
    status: Option<u16>,
    delay_ms: Option<u64>,
    cut_after: Option<u64>,
    wrong_content_type: Option<String>,
    drop: Option<Timing>,
    gateway: Option<String>,

    /// The time of the effect, if it is `status` or `gateway`. Before the commit by default.
    timing: Option<Timing>,

    // The response, if the effect is `status`.
    location: Option<String>,
    body: Option<String>,
    content_type: Option<String>,
    headers: Option<BTreeMap<String, String>>,

    /// The path of the requests to match.
    path: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Timing {
    BeforeCommit,
    AfterCommit,
}

impl FaultRequest {
    /// Converts the request to a fault.
    ///
    /// # Errors
    ///
    /// If the fields contradict each other, if the fault cannot be sent over HTTP, or if the path does not begin with
    /// `/`.
    pub(super) fn into_fault(mut self) -> Result<Fault, String> {
        let path = self.path.take();
        let fault = self.into_unrestricted_fault()?;
        fault.check()?;
        match path {
            None => Ok(fault),
            Some(path) if path.starts_with('/') => Ok(fault.on(path)),
            Some(_) => Err("path must begin with /".to_owned()),
        }
    }

    fn into_unrestricted_fault(mut self) -> Result<Fault, String> {
        if self.status.is_none() && self.has_response() {
            return Err("location, body, content_type, and headers need status".to_owned());
        }
        if self.status.is_none() && self.gateway.is_none() && self.timing.is_some() {
            return Err("timing needs status or gateway".to_owned());
        }
        let timing = self.timing;
        let gateway = self.gateway_response()?.map(Fault::gateway);
        let content_type = self.wrong_content_type.take();
        let delay = self.delay_ms.map(Duration::from_millis);
        let cut_after = self.cut_after.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let drop = self.drop;
        let effects = [
            self.status.map(|status| self.into_status_fault(status)),
            delay.map(Fault::delay),
            cut_after.map(Fault::cut_after),
            content_type.map(Fault::wrong_content_type),
            drop.map(drop_fault),
            gateway,
        ];
        let mut effects = effects.into_iter().flatten();
        match (effects.next(), effects.next()) {
            (Some(fault), None) if matches!(timing, Some(Timing::AfterCommit)) => Ok(fault.after_commit()),
            (Some(fault), None) => Ok(fault),
            _ => Err(
                "expected exactly one of status, delay_ms, cut_after, wrong_content_type, drop, and gateway"
                    .to_owned(),
            ),
        }
    }

    fn has_response(&self) -> bool {
        self.location.is_some()
            || self.body.is_some()
            || self.content_type.is_some()
            || self.headers.is_some()
    }

    /// Returns the response of the gateway, if there is one.
    ///
    /// # Errors
    ///
    /// If no response has this name.
    fn gateway_response(&self) -> Result<Option<GatewayResponse>, String> {
        let unknown = || {
            let names: Vec<&str> = GatewayResponse::ALL.iter().map(|response| response.name()).collect();
            format!("gateway must be one of {}", names.join(", "))
        };
        self.gateway.as_deref().map(|name| GatewayResponse::from_name(name).ok_or_else(unknown)).transpose()
    }

    fn into_status_fault(self, status: u16) -> Fault {
        let mut fault = match self.location {
            Some(location) => Fault::redirect(status, location),
            None => Fault::status(status),
        };
        if let Some(content_type) = self.content_type {
            fault = fault.content_type(content_type);
        }
        if let Some(body) = self.body {
            fault = fault.body(body);
        }
        self.headers.into_iter().flatten().fold(fault, |fault, (name, value)| fault.header(name, value))
    }
}

fn drop_fault(timing: Timing) -> Fault {
    match timing {
        Timing::BeforeCommit => Fault::drop_before_commit(),
        Timing::AfterCommit => Fault::drop_after_commit(),
    }
}
