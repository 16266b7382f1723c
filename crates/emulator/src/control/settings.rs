//! `POST /emulator/settings`

use serde::Deserialize;

use crate::{DenialBehavior, Settings, WrongMethodStatus};

/// The settings to change. Omitted settings keep their values; unknown names are rejected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsRequest {
    state_echo: Option<bool>,
    denial: Option<DenialName>,
    wrong_method: Option<WrongMethodName>,
    failure_burns_code: Option<bool>,
    custom_schemes: Option<bool>,
    ipv6_loopback: Option<bool>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DenialName {
    Redirect,
    Silent,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrongMethodName {
    NotFound,
    NotAllowed,
}

impl SettingsRequest {
    pub(super) fn apply(self, settings: &mut Settings) {
        set(&mut settings.state_echo, self.state_echo);
        set(&mut settings.denial, self.denial.map(DenialBehavior::from));
        set(&mut settings.wrong_method, self.wrong_method.map(WrongMethodStatus::from));
        set(&mut settings.failure_burns_code, self.failure_burns_code);
        set(&mut settings.custom_schemes, self.custom_schemes);
        set(&mut settings.ipv6_loopback, self.ipv6_loopback);
    }
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

impl From<DenialName> for DenialBehavior {
    fn from(name: DenialName) -> Self {
        match name {
            DenialName::Redirect => Self::Redirect,
            DenialName::Silent => Self::Silent,
        }
    }
}

impl From<WrongMethodName> for WrongMethodStatus {
    fn from(name: WrongMethodName) -> Self {
        match name {
            WrongMethodName::NotFound => Self::NotFound,
            WrongMethodName::NotAllowed => Self::NotAllowed,
        }
    }
}
