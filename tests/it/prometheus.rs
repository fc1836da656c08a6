//! The client against scripted servers: what it sends, and what it makes of what comes back.

mod answers;
