"""What an account has beside its services: certificates, stores, domains and so on."""
