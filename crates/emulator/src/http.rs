//! Reading requests and building responses.

pub(crate) mod bearer;
pub(crate) mod cors;
pub(crate) mod json_body;
pub(crate) mod params;
pub(crate) mod response;
pub(crate) mod route;
