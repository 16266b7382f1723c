//! What is played, by the part of the contract that it is about.

pub(crate) mod once;

pub(crate) mod request;

pub(crate) mod response;

pub(crate) mod deadline;

pub(crate) mod body;

pub(crate) mod secrets;

pub(crate) mod connection;
