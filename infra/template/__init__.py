"""The parts of the CloudFormation template, each a function from settings to resources."""
