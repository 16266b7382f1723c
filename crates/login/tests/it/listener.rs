//! The listener, over sockets: what settles a sign-in, what does not, and what a browser is told.

// What the others share.
mod stage;

mod answers;
mod crowd;
mod cut;
mod garbage;
mod headers;
mod port;
mod query;
mod routes;
