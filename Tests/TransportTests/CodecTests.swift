import Testing
import Transport
@Test("placeholder") func p() {}
