package fr.exemple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

//fr: Une session isolée du DMP bouchonné par essai ; à la fin, son journal dit ce qu'elle a reçu.
//en: An isolated session of the mock DMP for each test; at the end, its journal tells what it received.
class DmpTest {
    private static final char[] PASSWORD = "dmpcompat-test".toCharArray();
    private static final Path PKI = Path.of(System.getenv("DMP_PKI"));
    private static final String DMP = System.getenv("DMP_URL");
    private static final String CONTROL = DMP + "/control/v1/sessions";

    private final String session = "java-" + UUID.randomUUID();
    private HttpClient http;

    @BeforeEach
    void open() throws Exception {
        http = HttpClient.newBuilder().sslContext(tls()).version(HttpClient.Version.HTTP_1_1).build();
        assertEquals(201, send("POST", CONTROL, "application/json", "{\"name\": \"" + session + "\"}").statusCode());
    }

    @AfterEach
    void close() throws Exception {
        send("DELETE", CONTROL + "/" + session, "application/json", "");
    }

    @Test
    void theServiceIsThere() throws Exception {
        HttpResponse<String> wsdl = send("GET", services() + "/habilitations?wsdl", "text/xml", "");
        assertEquals(200, wsdl.statusCode());
        assertTrue(wsdl.body().contains("definitions"));
    }

    @Test
    void whatWasReceivedIsInTheJournal() throws Exception {
        //fr: Ici, l'appel de votre logiciel, configuré avec services() ; cette enveloppe sans VIHF doit être refusée.
        //en: Here goes the call of your software, configured with services(); this envelope without VIHF must be refused.
        String envelope = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\""
            + " xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>"
            + "<a:Action s:mustUnderstand=\"true\">urn:hl7-org:v3:PRPA_IN201307UV02</a:Action>"
            + "<a:MessageID>urn:uuid:" + UUID.randomUUID() + "</a:MessageID>"
            + "</s:Header><s:Body/></s:Envelope>";
        HttpResponse<String> answer =
            send("POST", services() + "/patients", "application/soap+xml; charset=utf-8", envelope);
        assertTrue(answer.body().contains("Fault"), answer.body());

        String journal = send("GET", CONTROL + "/" + session + "/exchanges", "application/json", "").body();
        assertTrue(journal.contains("refused"), journal);
    }

    private String services() {
        return DMP + "/s/" + session + "/si-dmp-server/v2/services";
    }

    private HttpResponse<String> send(String method, String url, String kind, String body) throws Exception {
        HttpRequest.BodyPublisher sent =
            body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        HttpRequest request =
            HttpRequest.newBuilder(URI.create(url)).header("Content-Type", kind).method(method, sent).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static SSLContext tls() throws Exception {
        KeyStore own = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(PKI.resolve("org-auth-cli.p12"))) {
            own.load(file, PASSWORD);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, PASSWORD);
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream file = Files.newInputStream(PKI.resolve("ca.pem"))) {
            trusted.setCertificateEntry("dmp", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLSv1.2");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}
