"""Foundation (底座): what every room stands on: database, transactions, roles, audit trail, secrets, time, jobs."""
