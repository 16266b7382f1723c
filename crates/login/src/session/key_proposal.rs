//! The requested properties of the key.

use openrouter_oauth::{Authorize, CreditLimit, KeyLabel, WorkspaceId};

/// The properties of the key that a login requests.
pub(super) struct KeyProposal {
    pub(super) label: KeyLabel,
    pub(super) limit: Option<CreditLimit>,
    pub(super) workspace_id: Option<WorkspaceId>,
    pub(super) required_workspace_id: Option<WorkspaceId>,
}

impl KeyProposal {
    /// Adds the properties to a sign-in with or without a callback.
    pub(super) fn write<C>(self, authorize: Authorize<C>) -> Authorize<C> {
        let mut authorize = authorize.key_label(self.label);
        if let Some(limit) = self.limit {
            authorize = authorize.limit(limit);
        }
        if let Some(workspace) = self.workspace_id {
            authorize = authorize.workspace_id(workspace);
        }
        if let Some(workspace) = self.required_workspace_id {
            authorize = authorize.required_workspace_id(workspace);
        }
        authorize
    }
}
