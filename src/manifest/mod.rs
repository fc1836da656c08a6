//! YAML documents into templates, Rollouts and Services, each field with its place in the file.
