/// Version of evsim, as reports and `evsim version` show it.
public let evsimVersion = "0.1.0"
