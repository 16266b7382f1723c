//! What is played, by the part of the contract that it is about.

pub(super) mod once;

pub(super) mod request;

pub(super) mod response;

pub(super) mod deadline;

pub(super) mod body;

pub(super) mod secrets;

pub(super) mod connection;
