//! transport-hyper
