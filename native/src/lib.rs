//! The boot loader's decision code as a Node addon.
