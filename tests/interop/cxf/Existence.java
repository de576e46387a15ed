// One TD0.2 by Apache CXF, as an LPS of the Java world would send it: the envelope, the addressing headers and the HTTP
// exchange are CXF's, from the WSDL of the service; body and VIHF come ready from the file that the test hands over.
// Told by the environment: DMPCOMPAT_URL, WITNESS_BODY, WITNESS_VIHF (paths of XML files).
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Dispatch;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.soap.AddressingFeature;
import jakarta.xml.ws.soap.SOAPFaultException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.namespace.QName;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.Source;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.cxf.headers.Header;
import org.w3c.dom.Element;

public final class Existence {
    private static final String WSSE =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

    public static void main(String[] arguments) throws Exception {
        String url = System.getenv("DMPCOMPAT_URL");
        Element definitions = parse(url + "?wsdl");
        String target = definitions.getAttribute("targetNamespace");
        Element service = first(definitions, "service");
        Service loaded = Service.create(URI.create(url + "?wsdl").toURL(), new QName(target, service.getAttribute("name")));
        QName port = new QName(target, first(service, "port").getAttribute("name"));
        Dispatch<Source> dispatch =
            loaded.createDispatch(port, Source.class, Service.Mode.PAYLOAD, new AddressingFeature(true, true));
        var asked = dispatch.getRequestContext();
        asked.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, url);
        asked.put(BindingProvider.SOAPACTION_USE_PROPERTY, true);
        asked.put(BindingProvider.SOAPACTION_URI_PROPERTY, "urn:hl7-org:v3:PRPA_IN201307UV02");
        Element security = parse(Path.of(System.getenv("WITNESS_VIHF")).toUri().toString());
        asked.put(Header.HEADER_LIST, new ArrayList<>(List.of(new Header(new QName(WSSE, "Security"), security))));
        try {
            Source answer = dispatch.invoke(new DOMSource(parse(Path.of(System.getenv("WITNESS_BODY")).toUri().toString())));
            StringWriter text = new StringWriter();
            TransformerFactory.newInstance().newTransformer().transform(answer, new StreamResult(text));
            System.out.println(text.toString().contains("queryResponseCode") ? "answered" : text.toString());
        } catch (SOAPFaultException fault) {
            System.out.println("fault: " + fault.getMessage());
        }
    }

    private static Element parse(String uri) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(uri).getDocumentElement();
    }

    private static Element first(Element inside, String name) {
        return (Element) inside.getElementsByTagNameNS("http://schemas.xmlsoap.org/wsdl/", name).item(0);
    }
}
