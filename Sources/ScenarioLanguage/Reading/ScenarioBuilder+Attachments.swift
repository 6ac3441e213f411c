import CAN
import YAMLTree

extension ScenarioBuilder {
    /// Reads `attach` and `accepts` of a bus.
    func readAttachment(_ section: SectionReader, into bus: Int) {
        var filters: [CANBus.Filter] = []
        for item in section["accepts"].flatMap({ reading.list($0, "'accepts'") }) ?? [] {
            guard let text = reading.text(item, "an item of 'accepts'") else { continue }
            guard let filter = CANBus.Filter(text) else {
                reading.error(
                    .badBusAddress, item.span, "\(Diagnostic.quoted(text)) is no identifier of a frame and no ID:MASK",
                    label: "for example 0x100, 0x18FF50E5 or 0x100:0x7F0")
                continue
            }
            filters.append(filter)
        }
        guard let node = section["attach"], let text = reading.text(node, "'attach'") else {
            if section["attach"] == nil, let key = section.key("accepts") {
                reading.warning(
                    .acceptsNothing, key.span, "'accepts' without 'attach' says nothing", help: "add 'attach: socketcan:vcan0', or another real bus")
            }
            return
        }
        do throws(BusAddressError) {
            scenario.buses[bus].attachment = BusAttachment(address: try BusAddress(text), filters: filters, span: node.span)
        } catch {
            reading.error(.badBusAddress, node.span, error.text, help: error.help)
        }
    }
}
