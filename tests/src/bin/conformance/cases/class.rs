//! The classes of the SDKs' errors, which have the same names in both.

pub(super) const BAD_REQUEST: &str = "BadRequestResponseError";
pub(super) const UNAUTHORIZED: &str = "UnauthorizedResponseError";
pub(super) const FORBIDDEN: &str = "ForbiddenResponseError";
pub(super) const CONFLICT: &str = "ConflictResponseError";
pub(super) const INTERNAL: &str = "InternalServerResponseError";
/// The envelope of RFC 6749, section 5.2.
pub(super) const OAUTH: &str = "OAuthErrorResponse";
/// A status that the operation does not document, or a body that is not JSON.
pub(super) const DEFAULT: &str = "OpenRouterDefaultError";
/// JSON that does not match the documented schema.
pub(super) const SHAPE: &str = "ResponseValidationError";
